"""PyTorch as a contender: the same networks, the same batches, float32, as a careful user would write them.

Inputs are float tensors in memory (ours starts from 8-bit pixels). A training step is forward, cross-entropy, backward, Adam and a look at
the loss; an inference ends with probabilities in numpy."""
import io
import signal
import time

import torch
import torchvision
from PIL import Image
from torch import nn
from torchvision import transforms

import weights

VERSION = f"PyTorch {torch.__version__}"


class TinyVGG(nn.Module):
    """The thesis' module, padding 1; names as in its state dict."""

    def __init__(self, size, hidden, classes=2):
        super().__init__()

        def block(channels):
            return nn.Sequential(nn.Conv2d(channels, hidden, 3, padding=1), nn.ReLU(), nn.Conv2d(hidden, hidden, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))

        self.conv_block_1, self.conv_block_2 = block(3), block(hidden)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Linear(hidden * (size // 4) ** 2, classes))

    def forward(self, x):
        return self.classifier(self.conv_block_2(self.conv_block_1(x)))


def network(model, size, hidden):
    torch.manual_seed(0)
    return torchvision.models.resnet18(weights=None) if model == "resnet18" else TinyVGG(size, hidden)


class Timed:
    version = VERSION

    def run(self, n):
        begin = time.perf_counter()
        for _ in range(n):
            self.once()
        return (time.perf_counter() - begin) / n

    def close(self):
        pass


class Torch(Timed):
    """variant: "" (eager), "channels_last" or "compile"."""

    def __init__(self, spec, threads, variant=""):
        self.name = "PyTorch" + (f" {variant}" if variant else "")
        self.threads = threads
        torch.set_num_threads(threads)
        self.model = network(spec["model"], spec["size"], spec["hidden"])
        self.x = torch.rand(spec["batch"], 3, spec["size"], spec["size"])
        self.labels = torch.arange(spec["batch"]) % 2
        if variant == "channels_last":
            self.model, self.x = self.model.to(memory_format=torch.channels_last), self.x.to(memory_format=torch.channels_last)
        self.forward = torch.compile(self.model) if variant == "compile" else self.model
        self.loss = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-7)
        self.train = spec["mode"] == "train"
        self.model.train(self.train)

    def once(self):
        if self.train:
            self.optimizer.zero_grad()
            loss = self.loss(self.forward(self.x), self.labels)
            loss.backward()
            self.optimizer.step()
            return loss.item()
        with torch.inference_mode():
            return self.forward(self.x).softmax(1).numpy()

    def run(self, n):
        torch.set_num_threads(self.threads)
        return super().run(n)


def compiled(spec, threads, seconds=180):
    """torch.compile, if it is done within the time; else why not."""

    def late(_signal, _frame):
        raise TimeoutError(f"not done after {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        contender = Torch(spec, threads, "compile")
        contender.once()
        return contender, None
    except Exception as problem:  # a compiler is missing, a toolchain is too old, …: whatever it is, it is told
        return None, f"{type(problem).__name__}: {problem}".split("\n")[0][:200]
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class TorchFile(Timed):
    """Bytes of an image file → probability: Pillow, torchvision's transforms, the network."""

    def __init__(self, path, size, threads, safetensors):
        self.name = "Pillow + torchvision + PyTorch"
        self.version = f"Pillow {Image.__version__}, torchvision {torchvision.__version__}, {VERSION}"
        self.threads = threads
        torch.set_num_threads(threads)
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.model = TinyVGG(size, 10).eval()
        self.model.load_state_dict({name: torch.from_numpy(w) for name, w in weights.load(safetensors).items()})
        self.prepare = transforms.Compose([transforms.Resize((size, size)), transforms.ToTensor()])

    def once(self):
        image = Image.open(io.BytesIO(self.bytes)).convert("RGB")
        with torch.inference_mode():
            self.probability = float(self.model(self.prepare(image).unsqueeze(0)).softmax(1)[0, 1])

    def run(self, n):
        torch.set_num_threads(self.threads)
        return super().run(n)
