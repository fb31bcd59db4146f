"""ONNX Runtime as a contender, for inference. The ONNX models are written by hand, node by node, from a PyTorch state dict: no exporter that
could leave something slow in them."""
import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import pytorch

VERSION = f"ONNX Runtime {onnxruntime.__version__}"


class Graph:
    """Nodes in order; each method adds some and gives the name of what comes out."""

    def __init__(self, state):
        self.state = {name: tensor.detach().numpy() for name, tensor in state.items()}
        self.nodes, self.weights = [], []

    def add(self, kind, inputs, **attributes):
        out = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def weight(self, name):
        self.weights.append(numpy_helper.from_array(numpy.ascontiguousarray(self.state[name]), name))
        return name

    def conv(self, x, name, kernel, stride=1):
        inputs = [x, self.weight(name + ".weight")] + ([self.weight(name + ".bias")] if name + ".bias" in self.state else [])
        return self.add("Conv", inputs, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[kernel // 2] * 4)

    def norm(self, x, name):
        parts = ("weight", "bias", "running_mean", "running_var")
        return self.add("BatchNormalization", [x] + [self.weight(f"{name}.{part}") for part in parts], epsilon=1e-5)

    def dense(self, x, name):
        return self.add("Gemm", [x, self.weight(name + ".weight"), self.weight(name + ".bias")], transB=1)


def tinyvgg(g):
    x = "x"
    for block in ("conv_block_1", "conv_block_2"):
        for place in (0, 2):
            x = g.add("Relu", [g.conv(x, f"{block}.{place}", 3)])
        x = g.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    return g.dense(g.add("Flatten", [x]), "classifier.1")


def resnet18(g):
    x = g.add("Relu", [g.norm(g.conv("x", "conv1", 7, 2), "bn1")])
    x = g.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for stage in range(1, 5):
        for block in range(2):
            name, stride = f"layer{stage}.{block}", 2 if stage > 1 and block == 0 else 1
            y = g.add("Relu", [g.norm(g.conv(x, name + ".conv1", 3, stride), name + ".bn1")])
            y = g.norm(g.conv(y, name + ".conv2", 3), name + ".bn2")
            shortcut = g.norm(g.conv(x, name + ".downsample.0", 1, stride), name + ".downsample.1") if stride == 2 else x
            x = g.add("Relu", [g.add("Add", [y, shortcut])])
    return g.dense(g.add("Flatten", [g.add("GlobalAveragePool", [x])]), "fc")


def model_bytes(spec):
    g = Graph(pytorch.network(spec["model"], spec["size"], spec["hidden"]).state_dict())
    out = g.add("Softmax", [(resnet18 if spec["model"] == "resnet18" else tinyvgg)(g)], axis=1)
    shape, classes = [spec["batch"], 3, spec["size"], spec["size"]], 1000 if spec["model"] == "resnet18" else 2
    graph = helper.make_graph(g.nodes, spec["model"], [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
                              [helper.make_tensor_value_info(out, TensorProto.FLOAT, [spec["batch"], classes])], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class Onnx(pytorch.Timed):
    name, version = "ONNX Runtime", VERSION

    def __init__(self, spec, threads):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(model_bytes(spec), options, providers=["CPUExecutionProvider"])
        self.x = numpy.random.default_rng(0).random((spec["batch"], 3, spec["size"], spec["size"]), numpy.float32)

    def once(self):
        return self.session.run(None, {"x": self.x})[0]

    def close(self):
        self.session = None  # its threads end with it


def check(spec):
    """The written model says what PyTorch says, or the comparison would be of different networks. Gives the largest difference."""
    import torch

    model, session = pytorch.network(spec["model"], spec["size"], spec["hidden"]).eval(), Onnx(spec, 1)
    with torch.inference_mode():
        return float(numpy.abs(model(torch.from_numpy(session.x)).softmax(1).numpy() - session.once()).max())
