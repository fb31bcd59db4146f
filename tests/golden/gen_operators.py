#!/usr/bin/python3
"""Writes operators.txt: what each operator of haemnet/backend.h gives, computed by PyTorch in float64 from float32 inputs.

Dropout has no counterpart in PyTorch (another generator): its mask comes from a Philox4x32-10 written here after the paper and
checked against a known answer of the Random123 library. Run: /usr/bin/python3 gen_operators.py > operators.txt

A case is a line `case NAME`, lines `set FIELD VALUE…` for the description, and lines `in` or `out` for tensors in order:
`in DTYPE DIM… : VALUE…`, or `in none` for one that is left out."""
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch.optim.swa_utils import get_ema_avg_fn
from torchvision.ops import sigmoid_focal_loss

torch.manual_seed(20240607)
KINDS = ("conv2d conv2d_grad_input conv2d_grad_weight max_pool2d max_pool2d_grad avg_pool2d avg_pool2d_grad global_avg_pool "
         "global_avg_pool_grad dense dense_grad_input dense_grad_weight batch_norm_train batch_norm batch_norm_grad activation "
         "activation_grad add dropout softmax softmax_loss sigmoid_loss optimizer preprocess group_norm group_norm_grad concat concat_grad "
         "channel_scale channel_scale_grad accumulate clip average class_map").split()
ACTIVATIONS = [lambda x: x, torch.relu, torch.sigmoid, F.relu6, F.silu, F.hardswish, torch.tanh]
NO_MORE = [None] * 5  # gamma, beta, mean, var of a batch norm inside a convolution; what is added
DTYPES = {"f32": "%.9g", "f64": "%.17g", "u8": "%d", "i32": "%d", "u32": "%d"}


def rand(*shape, scale=1.0):
    """Normal numbers rounded to 1/64: exact as float32, and short to write."""
    return (torch.randn(*shape) * scale * 64).round().double() / 64


def tensor(side, t, dtype="f32"):
    if t is None:
        print(side, "none")
        return
    a = t.detach().numpy() if isinstance(t, torch.Tensor) else np.asarray(t)
    print(side, dtype, *a.shape, ":", *(DTYPES[dtype] % v for v in a.ravel()))


def case(name, kind, ins, outs, **fields):
    print("case", name.replace(" ", "_"))
    print("set kind", KINDS.index(kind) + 1)
    for key, value in fields.items():
        print("set", key, *(value if isinstance(value, (tuple, list)) else (value,)))
    for side, list_ in (("in", ins), ("out", outs)):
        for t in list_:
            tensor(side, *t) if isinstance(t, tuple) else tensor(side, t)


def activate(x, act):
    return ACTIVATIONS[act](x)


def conv(name, n, c, h, w, k, r, s, stride=(1, 1), pad=(0, 0), dil=(1, 1), groups=1, bias=True, act=0):
    x, weight, b = rand(n, c, h, w).requires_grad_(), rand(k, c // groups, r, s).requires_grad_(), rand(k).requires_grad_()
    y = F.conv2d(x, weight, b if bias else None, stride, pad, dil, groups)
    dy = rand(*y.shape)
    (y * dy).sum().backward()
    win = dict(stride=stride, padding=pad, dilation=dil, groups=groups)
    case(name, "conv2d", [x, weight, b if bias else None] + NO_MORE, [activate(y, act)], activation=act, **win)
    case(name + " grad input", "conv2d_grad_input", [dy, weight, None], [x.grad], **win)
    case(name + " grad weight", "conv2d_grad_weight", [dy, x], [weight.grad, b.grad if bias else None], **win)


def pool(name, kind, n, c, h, w, kernel, stride, pad=(0, 0), exclude=0, x=None):
    x = (rand(n, c, h, w) if x is None else x).requires_grad_()
    if kind == "max_pool2d":
        y = F.max_pool2d(x, kernel, stride, pad)
    else:
        y = F.avg_pool2d(x, kernel, stride, pad, count_include_pad=not exclude)
    dy = rand(*y.shape)
    (y * dy).sum().backward()
    win = dict(kernel=kernel, stride=stride, padding=pad, dilation=(1, 1))
    if kind != "max_pool2d":
        win["exclude_padding"] = exclude
    case(name, kind, [x], [y], **win)
    case(name + " grad", kind + "_grad", [x, y, dy] if kind == "max_pool2d" else [dy], [x.grad], **win)


def fused(name, n, c, h, w, k, groups=1, act=1, stride=1):
    """Pooling inside a convolution, and gradients that go on through the ReLU before a convolution or a pooling."""
    z, weight, b = rand(n, c, h, w).requires_grad_(), rand(k, c // groups, 3, 3), rand(k)
    win = dict(stride=(stride, stride), padding=(1, 1), dilation=(1, 1), groups=groups)
    x = torch.relu(z)
    y = F.conv2d(x, weight, b, stride, 1, 1, groups)
    case(name + " pooled", "conv2d", [x, weight, b] + NO_MORE, [F.max_pool2d(activate(y, act), 2)], activation=act, pool=2, **win)
    gamma, beta, mean, var = rand(k), rand(k), rand(k), (torch.rand(k) + 0.5).float().double()
    norm = F.batch_norm(y, mean, var, gamma, beta, False, 0.0, 1e-5)
    case(name + " normalised", "conv2d", [x, weight, b, gamma, beta, mean, var, None], [activate(norm, act)], activation=act, epsilon=1e-5, **win)
    case(name + " normalised and pooled", "conv2d", [x, weight, None, gamma, beta, mean, var, None],
         [F.max_pool2d(activate(F.batch_norm(y - b.view(1, -1, 1, 1), mean, var, gamma, beta, False, 0.0, 1e-5), act), 2)], activation=act,
         epsilon=1e-5, pool=2, **win)
    r = rand(*y.shape)
    case(name + " with a sum", "conv2d", [x, weight, b] + NO_MORE[:4] + [r], [activate(y + r, act)], activation=act, **win)
    case(name + " normalised with a sum", "conv2d", [x, weight, b, gamma, beta, mean, var, r], [activate(norm + r, act)], activation=act,
         epsilon=1e-5, **win)
    dy = rand(*y.shape)
    dz, = torch.autograd.grad((y * dy).sum(), z)
    case(name + " grad input through relu", "conv2d_grad_input", [dy, weight, x], [dz], activation=1, **win)
    x = torch.relu(z)
    p = F.max_pool2d(x, 2)
    dp = rand(*p.shape)
    dz, = torch.autograd.grad((p * dp).sum(), z)
    case(name + " max pool grad through relu", "max_pool2d_grad", [x, p, dp], [dz], activation=1, kernel=(2, 2), stride=(2, 2),
         padding=(0, 0), dilation=(1, 1))


def dense(name, n, f, k, bias=True, act=0):
    x, w, b = rand(n, f).requires_grad_(), rand(k, f).requires_grad_(), rand(k).requires_grad_()
    y = F.linear(x, w, b if bias else None)
    dy = rand(n, k)
    (y * dy).sum().backward()
    case(name, "dense", [x, w, b if bias else None], [activate(y, act)], activation=act)
    case(name + " grad input", "dense_grad_input", [dy, w], [x.grad])
    case(name + " grad weight", "dense_grad_weight", [dy, x], [w.grad, b.grad if bias else None])


def batch_norm(name, n, c, h, w, eps, momentum):
    x, gamma, beta = (rand(n, c, h, w) * 2 + 1).float().double().requires_grad_(), rand(c).requires_grad_(), rand(c).requires_grad_()
    mean, var = rand(c), (torch.rand(c) + 0.5).float().double()
    infer = F.batch_norm(x, mean, var, gamma, beta, False, 0.0, eps)
    case(name + " infer", "batch_norm", [x, gamma, beta, mean, var], [infer], epsilon=eps)
    new_mean, new_var = mean.clone(), var.clone()
    y = F.batch_norm(x, new_mean, new_var, gamma, beta, True, momentum, eps)
    dy = rand(*y.shape)
    (y * dy).sum().backward()
    saved_mean = x.mean((0, 2, 3))
    saved_inv = 1 / torch.sqrt(x.var((0, 2, 3), unbiased=False) + eps)
    case(name + " train", "batch_norm_train", [x, gamma, beta, mean, var], [y, saved_mean, saved_inv, new_mean, new_var], epsilon=eps,
         momentum=momentum)
    case(name + " grad", "batch_norm_grad", [dy, x, gamma, saved_mean, saved_inv], [x.grad, gamma.grad, beta.grad])


def philox(key, counter):
    key, c = list(key), list(counter)
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


assert philox([0, 0], [0] * 4) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]


def dropout(name, shape, rate, stream):
    x = rand(*shape)
    keys = np.array([[7 + i, 0xFFFFFFFF - i, 3, 100 + i] for i in range(shape[0])], dtype=np.uint32)
    y = x.clone().reshape(shape[0], -1)
    for n in range(shape[0]):
        key = [int(v) for v in keys[n]]
        for i in range(y.shape[1]):
            word = philox(key[:2], [i // 4, stream, key[2], key[3]])[i % 4]
            y[n, i] = y[n, i] * float(np.float32(1 / (1 - rate))) if word >= int(rate * 2**32) else 0.0
    case(name, "dropout", [x, (keys, "u32")], [y.reshape(shape)], rate=rate, stream=stream)


def softmax_loss(name, n, k, positive, threshold, scale=1.0):
    x, labels, w = rand(n, k, scale=scale).requires_grad_(), torch.randint(0, k, (n,)), (torch.rand(k) + 0.25).float().double()
    p = torch.softmax(x, 1)
    loss = F.cross_entropy(x, labels, w)
    loss.backward()
    each = F.cross_entropy(x, labels, w, reduction="none")
    if positive >= 0:
        decided = torch.where(p[:, positive] >= threshold, positive, 1 - positive)
        assert (decided == labels).sum() != (p.argmax(1) == labels).sum()  # or the threshold would not be tested
    else:
        decided = p.argmax(1)
    stats = [each.sum().item(), w[labels].sum().item(), (decided == labels).sum().item(), n]
    case(name, "softmax_loss", [x, (labels, "i32"), w], [p, x.grad, (stats, "f64")], positive=positive, threshold=threshold)


def sigmoid_loss(name, n, k, threshold, scale=1.0):
    x, labels, w = rand(n, k, scale=scale).requires_grad_(), torch.randint(0, 2, (n, k)).double(), (torch.rand(k) + 0.25).float().double()
    F.binary_cross_entropy_with_logits(x, labels, w).backward()
    each = F.binary_cross_entropy_with_logits(x, labels, w, reduction="none")
    p = torch.sigmoid(x)
    right = ((p >= threshold) == (labels == 1)).sum().item()
    case(name, "sigmoid_loss", [x, labels, w], [p, x.grad, ([each.sum().item(), n * k, right, n * k], "f64")], threshold=threshold)


def optimizer(name, which, step, decay=0.0, momentum=0.0, nesterov=False):
    """One step, number `step`, of two groups with rates 0.01 and 0.003."""
    n, beta1, beta2, eps = 9, 0.9, 0.999, 1e-8
    w, g = rand(n), rand(n, scale=0.1)
    m, v = (rand(n, scale=0.1), rand(n, scale=0.1).abs().float().double()) if step > 1 else (torch.zeros(n), torch.zeros(n))
    if which == 3 and momentum:
        m = rand(n)  # the first step must not look at it
    m, v = m.double(), v.double()
    group = np.array([i % 2 for i in range(n)])
    rates = [0.01, 0.003]
    new_w, new_m, new_v, hyper = w.clone(), m.clone(), v.clone(), []
    for i, rate in enumerate(rates):
        part = torch.tensor(np.flatnonzero(group == i))
        p = w[part].clone().requires_grad_()
        p.grad = g[part].clone()
        if which == 3:
            opt = torch.optim.SGD([p], rate, momentum, weight_decay=decay, nesterov=nesterov)
            if step > 1 and momentum:
                opt.state[p]["momentum_buffer"] = m[part].clone()
            hyper.append([rate, momentum, float(nesterov), 0, decay, 0, 0, step])
        else:
            opt = (torch.optim.Adam if which == 1 else torch.optim.AdamW)([p], rate, (beta1, beta2), eps, decay)
            opt.state[p] = {"step": torch.tensor(float(step - 1)), "exp_avg": m[part].clone(), "exp_avg_sq": v[part].clone()}
            hyper.append([rate, beta1, beta2, eps, decay, 1 - beta1**step, 1 - beta2**step, step])
        opt.step()
        new_w[part] = p.detach()
        state = opt.state[p]
        if which == 3 and momentum:
            new_m[part] = state["momentum_buffer"]
        elif which != 3:
            new_m[part], new_v[part] = state["exp_avg"], state["exp_avg_sq"]
    case(name, "optimizer", [w, g, m, v, (hyper, "f64"), (group, "u8")], [new_w, new_m, new_v], optimizer=which)


def group_norm(name, n, c, h, w, groups, eps):
    x, gamma, beta = (rand(n, c, h, w) * 2 + 1).float().double().requires_grad_(), rand(c).requires_grad_(), rand(c).requires_grad_()
    y = F.group_norm(x, groups, gamma, beta, eps)
    dy = rand(*y.shape)
    (y * dy).sum().backward()
    parts = x.reshape(n, groups, -1)
    mean, inv = parts.mean(2), 1 / torch.sqrt(parts.var(2, unbiased=False) + eps)
    case(name, "group_norm", [x, gamma, beta], [y, mean, inv], groups=groups, epsilon=eps)
    case(name + " grad", "group_norm_grad", [dy, x, gamma, mean, inv], [x.grad, gamma.grad, beta.grad], groups=groups)


def channels():
    a, b = rand(2, 3, 2, 5).requires_grad_(), rand(2, 2, 2, 5).requires_grad_()
    y = torch.cat([a, b], 1)
    dy = rand(*y.shape)
    da, db = torch.autograd.grad((y * dy).sum(), (a, b))
    case("concat", "concat", [a, b], [y])
    case("concat grad", "concat_grad", [dy], [da, db])
    s = rand(2, 3, 1, 1).requires_grad_()
    y = a * s
    dy = rand(*y.shape)
    da, ds = torch.autograd.grad((y * dy).sum(), (a, s))
    case("channel scale", "channel_scale", [a, s], [y])
    case("channel scale grad", "channel_scale_grad", [dy, a, s], [da, ds])
    w = rand(2, 3, 2, 5)
    case("class map", "class_map", [a, s], [torch.einsum("nchw,nc->nhw", a, s[:, :, 0, 0]).unsqueeze(1)], activation=0)
    case("class map by pixel", "class_map", [a, w], [torch.relu((a * w).sum(1, keepdim=True))], activation=1)


def soft_loss(name, n, k, smoothing=0.0, focal=0.0, targets=False, weighted=True):
    """Softmax loss; PyTorch's own wherever it has one, the published formula otherwise."""
    x, labels = rand(n, k, scale=2.0).requires_grad_(), torch.randint(0, k, (n,))
    w = (torch.rand(k) + 0.25).float().double() if weighted else torch.ones(k).double()
    t = torch.softmax(rand(n, k), 1).float() if targets else F.one_hot(labels, k)
    t = t.double()
    p, log_p = torch.softmax(x, 1), torch.log_softmax(x, 1)
    shares = (1 - smoothing) * t + smoothing / k
    total, weight = (shares * w * (1 - p) ** focal * -log_p).sum(), (t * w).sum()
    if focal == 0:
        theirs = F.cross_entropy(x, t if targets else labels, w, label_smoothing=smoothing)
        assert torch.isclose(theirs, total / weight, rtol=1e-6 if targets else 1e-12)  # float32 targets do not sum to 1 exactly
    (total / weight).backward()
    right = (p.argmax(1) == t.argmax(1)).sum().item()
    case(name, "softmax_loss", [x, t if targets else (labels, "i32"), w], [p, x.grad, ([total.item(), weight.item(), right, n], "f64")],
         positive=-1, threshold=0.5, smoothing=smoothing, focal=focal)


def soft_sigmoid_loss(name, n, k, smoothing=0.0, focal=0.0, soft=False):
    x, w = rand(n, k, scale=2.0).requires_grad_(), (torch.rand(k) + 0.25).float().double()
    labels = (torch.rand(n, k).float() if soft else torch.randint(0, 2, (n, k))).double()
    p, s = torch.sigmoid(x), (1 - smoothing) * labels + smoothing / 2
    each = w * (s * (1 - p) ** focal * -F.logsigmoid(x) + (1 - s) * p**focal * -F.logsigmoid(-x))
    if focal == 0:
        assert torch.isclose(F.binary_cross_entropy_with_logits(x, s, w), each.mean(), rtol=1e-12)
    elif not soft and smoothing == 0:
        assert torch.allclose(sigmoid_focal_loss(x, labels, alpha=-1, gamma=focal) * w, each, rtol=1e-6)
    each.mean().backward()
    right = ((p >= 0.5) == (labels >= 0.5)).sum().item()
    case(name, "sigmoid_loss", [x, labels, w], [p, x.grad, ([each.sum().item(), n * k, right, n * k], "f64")], threshold=0.5,
         smoothing=smoothing, focal=focal)


def vectors():
    a, g = rand(11), rand(11)
    case("accumulate", "accumulate", [a, g, ([0.25], "f64")], [torch.add(a, g, alpha=0.25)])
    case("average", "average", [a, g, ([0.9], "f64")], [get_ema_avg_fn(0.9)(a, g, 0)])
    for limit, name in ((1.5, "clip"), (1e3, "clip of a short one"), (0.0, "clip without a limit")):
        p = torch.nn.Parameter(torch.zeros(11).double())
        p.grad = g.clone()
        norm = torch.nn.utils.clip_grad_norm_([p], limit if limit else float("inf"))
        case(name, "clip", [g, ([limit], "f64")], [p.grad, ([norm.item()], "f64")])


def normal(key, number):
    w = philox(key[:2], [number // 2, 0x6E6F6973, key[2], key[3]])
    radius, angle = math.sqrt(-2 * math.log((w[0] + 1) / 2**32)), 2 * math.pi * w[1] / 2**32
    return radius * (math.sin if number % 2 else math.cos)(angle)


def look(image, a, oh, ow, dx, dy):
    """Step 2 and 3 by grid_sample: places in px to -1 … 1 between the image's borders, and what lies outside lies FILL higher."""
    c, h, w = image.shape
    oy, ox = torch.meshgrid(torch.arange(oh).double() + 0.5 + dy, torch.arange(ow).double() + 0.5 + dx, indexing="ij")
    sx, sy = a[0] * ox + a[1] * oy + a[2], a[3] * ox + a[4] * oy + a[5]
    grid = torch.stack([2 * sx / w - 1, 2 * sy / h - 1], 2)
    return F.grid_sample((image - a[9])[None], grid[None], "bilinear", "zeros", align_corners=False)[0] + a[9]


def augment(name, m, c, h, w, rows, oh, ow, settings):
    x = torch.randint(0, 256, (m, c, h, w))
    n = len(settings)
    a = np.zeros((n, 32), np.float32)
    for i, s in enumerate(settings):
        given = dict({"place": (w / ow, 0, 0, 0, h / oh, 0), "tone": (1, 0, 1, 0), "blur": 0, "noise": 0, "cut": (0,) * 4, "mix": (0,) * 4,
                      "with": -1, "share": 0}, **s)
        a[i, :22] = [*given["place"], *given["tone"], given["blur"], given["noise"], *given["cut"], *given["mix"], given["with"], given["share"]]
    keys = np.array([[11 + i, 5, 2, 40 + i] for i in range(n)], np.uint32)
    mean, deviation = rand(c), (torch.rand(c) + 0.5).float().double()
    pixel_y, pixel_x = np.meshgrid(np.arange(oh) + 0.5, np.arange(ow) + 0.5, indexing="ij")

    def inside(r):
        return torch.tensor((r[0] <= pixel_x) & (pixel_x < r[2]) & (r[1] <= pixel_y) & (pixel_y < r[3]))

    before = []
    for i in range(n):
        p = torch.tensor(a[i].astype(np.float64))
        image = (x[rows[i] if rows else i].double() / 255 * p[6] + p[7]).clamp(0, 1) ** p[8]
        b = p[10].item()
        weights = {-1: b, 0: 1 - 2 * b, 1: b} if b > 0 else {0: 1.0}
        v = sum(weights[k] * weights[j] * look(image, p, oh, ow, j, k) for k in weights for j in weights)
        noise = [normal([int(k) for k in keys[i]], number) for number in range(c * oh * ow)]
        v = v + p[11] * torch.tensor(noise).double().reshape(c, oh, ow)
        before.append(torch.where(inside(a[i, 12:16]), mean.view(c, 1, 1), v))
    out = []
    for i in range(n):
        j, share = int(a[i, 20]), float(a[i, 21])
        mixed = torch.where(inside(a[i, 16:20]), before[j], share * before[i] + (1 - share) * before[j]) if j >= 0 else before[i]
        out.append((mixed - mean.view(c, 1, 1)) / deviation.view(c, 1, 1))
    case(name, "preprocess", [(x, "u8"), mean, deviation, (rows, "i32") if rows else None, a, (keys, "u32")], [torch.stack(out)])


print("# Written by gen_operators.py with PyTorch %s, NumPy %s, in float64." % (torch.__version__, np.__version__))
conv("conv 3x3", 2, 3, 7, 9, 4, 3, 3)
conv("conv 3x3 pad 1 relu", 2, 4, 6, 5, 3, 3, 3, pad=(1, 1), act=1)
conv("conv 3x2 stride 2x3 pad 1x2 sigmoid", 1, 2, 8, 11, 3, 3, 2, stride=(2, 3), pad=(1, 2), act=2)
conv("conv dilation 2x3 no bias", 1, 2, 9, 10, 2, 3, 3, pad=(2, 1), dil=(2, 3), bias=False)
conv("conv groups 2 stride 2", 2, 4, 7, 7, 6, 3, 3, stride=(2, 2), pad=(1, 1), groups=2)
conv("conv depthwise", 1, 4, 5, 6, 4, 3, 3, pad=(1, 1), groups=4)
conv("conv 1x1", 2, 5, 3, 4, 3, 1, 1)
conv("conv stride past kernel", 1, 2, 9, 8, 2, 2, 1, stride=(3, 4))
conv("conv padding past the kernel", 1, 1, 3, 3, 2, 2, 2, pad=(3, 4))
conv("conv 7x7", 1, 1, 9, 12, 1, 7, 7, pad=(3, 3))
conv("conv wide", 1, 1, 1, 270, 1, 1, 3, pad=(0, 1))
conv("conv one pixel", 1, 1, 1, 1, 1, 1, 1)
pool("max 2x2", "max_pool2d", 2, 2, 6, 7, (2, 2), (2, 2))
pool("max 3x3 stride 2 pad 1", "max_pool2d", 1, 2, 7, 8, (3, 3), (2, 2), (1, 1))
pool("max 3x2 stride 1x2", "max_pool2d", 1, 2, 5, 6, (3, 2), (1, 2))
pool("max stride past kernel", "max_pool2d", 1, 1, 8, 9, (2, 2), (3, 4))
pool("max ties", "max_pool2d", 1, 1, 6, 6, (3, 3), (1, 1), (1, 1), x=torch.randint(0, 3, (1, 1, 6, 6)).double())
not_number = torch.arange(16.0).double().reshape(1, 1, 4, 4)
not_number[0, 0, 1, 2] = float("nan")
pool("max nan", "max_pool2d", 1, 1, 4, 4, (2, 2), (2, 2), x=not_number)
for exclude in (0, 1):
    pool("avg 2x2 exclude %d" % exclude, "avg_pool2d", 2, 2, 6, 7, (2, 2), (2, 2), exclude=exclude)
    pool("avg 3x3 stride 2x1 pad 1 exclude %d" % exclude, "avg_pool2d", 1, 2, 7, 5, (3, 3), (2, 1), (1, 1), exclude)
x = rand(2, 3, 4, 5)
case("global avg", "global_avg_pool", [x], [x.mean((2, 3), keepdim=True)])
dy = rand(2, 3, 1, 1)
case("global avg grad", "global_avg_pool_grad", [dy], [(dy / 20).expand(2, 3, 4, 5)])
dense("dense", 3, 11, 4)
dense("dense relu", 2, 5, 3, act=1)
dense("dense sigmoid no bias", 2, 8, 2, bias=False, act=2)
dense("dense wide", 1, 300, 2)
batch_norm("batch norm", 2, 3, 4, 5, 1e-5, 0.1)
batch_norm("batch norm two values", 2, 2, 1, 1, 1e-3, 0.7)
x = rand(2, 3, 4, 5, scale=3.0).requires_grad_()
for act, name in ((1, "relu"), (2, "sigmoid")):
    y, dy = activate(x, act), rand(2, 3, 4, 5)
    grad, = torch.autograd.grad((y * dy).sum(), x)
    case(name, "activation", [x], [y], activation=act)
    case(name + " grad", "activation_grad", [y, dy], [grad], activation=act)
a, b = rand(3, 7), rand(3, 7)
case("add", "add", [a, b], [a + b])
dropout("dropout half", (2, 3, 3, 5), 0.5, 0)
dropout("dropout 0.3", (3, 10), 0.3, 4000000000)
dropout("dropout none", (1, 6), 0.0, 1)
x = rand(4, 5, scale=3.0)
case("softmax", "softmax", [x], [torch.softmax(x, 1)])
x = torch.tensor([[1000.0, 999.0], [-1000.0, 0.0], [1e30, -1e30]]).double()
case("softmax far apart", "softmax", [x], [torch.softmax(x, 1)])
softmax_loss("softmax loss", 6, 5, -1, 0.5)
softmax_loss("softmax loss two", 15, 2, 1, 0.3)
softmax_loss("softmax loss first positive", 15, 2, 0, 0.7)
softmax_loss("softmax loss large", 8, 3, -1, 0.5, scale=200.0)
sigmoid_loss("sigmoid loss", 5, 6, 0.5)
sigmoid_loss("sigmoid loss one", 7, 1, 0.2)
sigmoid_loss("sigmoid loss large", 4, 3, 0.5, scale=100.0)
for which, name in ((1, "adam"), (2, "adamw")):
    optimizer(name + " first", which, 1)
    optimizer(name + " decay", which, 5, decay=0.01)
optimizer("sgd plain", 3, 1)
optimizer("sgd plain decay", 3, 4, decay=0.02)
optimizer("sgd momentum first", 3, 1, momentum=0.9)
optimizer("sgd momentum", 3, 3, momentum=0.9, decay=0.01)
optimizer("sgd nesterov first", 3, 1, momentum=0.8, nesterov=True)
optimizer("sgd nesterov", 3, 2, momentum=0.8, nesterov=True)
x = torch.randint(0, 256, (2, 3, 4, 5))
mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
y = (x.double() / 255 - mean.double().view(1, 3, 1, 1)) / deviation.double().view(1, 3, 1, 1)
case("preprocess", "preprocess", [(x, "u8"), mean, deviation, None, None, None], [y])
fused("fused", 2, 3, 8, 6, 4)
fused("fused odd", 1, 4, 7, 9, 6, groups=2, act=0)
fused("fused far apart", 2, 3, 20, 30, 4, stride=9)
x = rand(2, 3, 4, 5, scale=4.0).requires_grad_()
for act, name in ((3, "relu6"), (4, "silu"), (5, "hard swish"), (6, "tanh")):
    y, dy = activate(x, act), rand(2, 3, 4, 5)
    grad, = torch.autograd.grad((y * dy).sum(), x)
    case(name, "activation", [x], [y], activation=act)
    case(name + " grad", "activation_grad", [x if act in (4, 5) else y, dy], [grad], activation=act)
    conv("conv %s" % name, 1, 2, 5, 16 if act % 2 else 6, 3, 3, 3, pad=(1, 1), act=act)
    dense("dense %s" % name, 2, 6, 3, act=act)
fused("fused depthwise", 1, 4, 9, 16, 4, groups=4)
conv("conv depthwise stride 2", 2, 5, 9, 8, 5, 3, 3, stride=(2, 2), pad=(1, 1), groups=5)
conv("conv depthwise 5x5", 2, 3, 7, 16, 3, 5, 5, pad=(2, 2), groups=3, bias=False)
conv("conv depthwise 5x5 stride 2", 1, 3, 8, 11, 3, 5, 5, stride=(2, 2), pad=(2, 2), groups=3)
group_norm("group norm", 2, 6, 3, 5, 3, 1e-5)
group_norm("group norm of one group", 3, 4, 1, 1, 1, 1e-3)
group_norm("group norm of channels", 2, 3, 4, 4, 3, 1e-5)
channels()
soft_loss("softmax loss smoothed", 6, 5, smoothing=0.1)
soft_loss("softmax loss targets", 5, 4, targets=True, weighted=False)
soft_loss("softmax loss targets smoothed", 4, 3, targets=True, weighted=False, smoothing=0.2)
soft_loss("softmax loss focal", 6, 3, focal=2.0)
soft_loss("softmax loss focal targets smoothed", 5, 4, targets=True, focal=0.7, smoothing=0.1)
soft_sigmoid_loss("sigmoid loss soft", 4, 3, soft=True)
soft_sigmoid_loss("sigmoid loss smoothed", 4, 3, smoothing=0.1)
soft_sigmoid_loss("sigmoid loss focal", 5, 4, focal=2.0)
soft_sigmoid_loss("sigmoid loss focal soft smoothed", 4, 3, focal=1.3, soft=True, smoothing=0.05)
vectors()
x = torch.randint(0, 256, (3, 2, 3, 4))
rows = [2, 0, 2, 1, 0]
mean, deviation = rand(2), torch.tensor([0.5, 2.0]).double()
case("preprocess rows", "preprocess", [(x, "u8"), mean, deviation, (rows, "i32"), None, None],
     [(x[rows].double() / 255 - mean.view(1, 2, 1, 1)) / deviation.view(1, 2, 1, 1)])
turned = (0.8, 0.4, -0.7, -0.35, 0.9, 1.1)
augment("augment nothing", 2, 2, 4, 5, [], 4, 5, [{}, {"place": (-1, 0, 5, 0, 1, 0)}])
augment("augment tone and place", 2, 2, 6, 7, [1, 0, 1], 6, 7, [{"tone": (1.3, -0.1, 0.8, 0.25)}, {"place": turned}, {"place": turned, "tone": (0.7, 0.2, 1.4, 1)}])
augment("augment look", 1, 3, 5, 4, [0, 0], 7, 9, [{"blur": 0.2}, {"blur": 0.33, "place": (0.5, 0.1, 0.3, 0, 0.6, 0.2), "tone": (1, 0, 1, 0.5)}])
augment("augment noise", 3, 1, 4, 4, [], 5, 3, [{"noise": 0.1}, {"noise": 0.5, "cut": (1, 1.5, 2.5, 3)}, {"cut": (-3, 2, 1.5, 99)}])
augment("augment mix", 2, 2, 5, 5, [0, 1, 1, 0], 5, 5, [{"with": 1, "share": 0.3}, {"with": 2, "share": 1, "mix": (1, 1, 4, 3.5)},
        {"with": 0, "share": 0.6, "place": turned, "noise": 0.05, "cut": (0, 0, 2, 2)}, {"with": 3, "share": 0.5}])
