"""module.py - what examples/python/haemnet.py promises beyond the example: errors, callbacks, closing, arrays of every kind, threads, memory.

Run by test_python.sh, with and without numpy. An assertion or an exception is the failure."""
import array
import gc
import threading

import haemnet as h

try:
    import numpy as np
except ImportError:
    np = None


def raises(kind, text, function, *args, **named):
    try:
        function(*args, **named)
    except kind as error:
        assert text in str(error), (text, str(error))
        return error
    raise AssertionError(f"{kind.__name__} with {text!r} did not come")


def scene(context):
    """A data set of 16 slices, and a small model for it."""
    data, phantom = h.Dataset(context), h.Phantom(context, patients=16, slices_per_patient=1, size=64, seed=2)
    for info, image, _ in phantom:
        data.add_image(image, "yes" if info.types else "no", f"p{info.patient}")
    model = h.Model.preset(context, width=32, height=32, channels=1, class_names=data.classes, positive="yes", seed=1, mean=[0.2], deviation=[0.3])
    return phantom, data, model


def check_facts(context, data, model):
    assert len(data) == 16 and data.classes == ["no", "yes"] and data[3].group == "p3"
    assert model.info.positive == 1 and model.classes == data.classes and "conv" in model.summary()
    assert model.metadata["classes"] == ["no", "yes"]
    shape, numbers = model.tensors()["conv_block_1.0.weight"]
    assert shape == (10, 1, 3, 3) and len(numbers) == 90
    assert h.Model.loads(context, model.dumps()).dumps() == model.dumps()
    assert context.devices()[0].backend == "reference" and context.memory().live_bytes > 0


def check_transfer(context, model):
    """The same layers under a head of three classes."""
    assert [p.name for p in h.presets()][:4] == ["tinyvgg", "tinyvgg-gap", "tinyresnet", "resnet18"] and h.presets()[3].size == 224
    model.save("module.safetensors")
    new, lines = h.Model.transfer(context, "module.safetensors", "tinyvgg", width=32, height=32, n_classes=3)
    assert len(lines) == 10 and [line.what for line in lines] == [h.TENSOR_ADAPTED] + 7 * [h.TENSOR_TAKEN] + 2 * [h.TENSOR_NEW_HEAD]
    assert lines[0].shape[:2] == [10, 3] and lines[0].file_shape[:2] == [10, 1] and lines[9].name == "classifier.1.bias"
    assert list(new.tensors()["conv_block_2.2.weight"][1]) == list(model.tensors()["conv_block_2.2.weight"][1])
    assert new.metadata["preprocessing"]["mean"][0] == model.metadata["preprocessing"]["mean"][0]
    raises(h.Error, "48 of 50 tensors do not fit", h.Model.transfer, context, "module.safetensors", "tinyvgg-gap")


def check_errors(context, model):
    error = raises(h.Error, "HN_E_FORMAT", h.Image.decode, context, b"abc")
    assert error.name == "HN_E_FORMAT" and error.status == h.E_FORMAT == -4
    assert raises(h.Error, "/nonexistent", h.Model.load, context, "/nonexistent").code == 2
    raises(TypeError, "max_batch, device, threshold", h.Predictor, model, bogus=3)
    raises(IndexError, "16", lambda: h.Phantom(context, patients=16, slices_per_patient=1, size=64)[16])
    ring = bytes(255 if x in (0, 15) or y in (0, 15) else 90 for y in range(16) for x in range(16))
    brain = h.Image.from_array(context, ring, (16, 16)).strip_skull()
    assert brain.shape == (16, 16) and brain.tobytes().count(90) == 14 * 14 and brain.tobytes().count(0) == 60
    raises(h.Error, "no closed skull", h.Image.from_array(context, bytes(256), (16, 16)).strip_skull)
    raises(TypeError, "float32", h.Image.from_array, context, array.array("d", [0.5]), (1, 1))
    raises(ValueError, "shape", h.Image.from_array, context, b"12345678")
    raises(ValueError, "8 bytes", h.Image.from_array, context, b"12345678", (3, 3))
    closed = h.Model.loads(context, model.dumps())
    closed.close()
    closed.close()
    raises(ValueError, "closed", lambda: closed.info)


def check_lengths(context, model):
    """C trusts lengths, ends text at a NUL and wraps integers around: none of it may get there."""
    two = [[.9, .1], [.2, .8]]
    for named in ({"groups": ["a"]}, {"class_names": ["a"]}, {"logits": [[0, 1]]}, {"logits": [[0, 1], [0]]}):
        raises(ValueError, "are needed", h.Evaluation.from_arrays, context, [0, 1], two, **named)
    raises(ValueError, "mean has 1 values where 3 are needed", h.Model.preset, context, channels=3, mean=[.5])
    raises(ValueError, "deviation has 2 values where 1 are needed", h.Model.preset, context, channels=1, deviation=[.5, .5])
    raises(h.Error, "channel 1: mean nan", h.Model.preset, context, mean=[.5])
    raises(ValueError, "baseline has 3 values", lambda: h.Predictor(model).explain(bytes_image(context), baseline=[0, 0, 0]))
    fitted = h.Evaluation.from_arrays(context, [0, 1, 0], two + [[.4, .6]], positive=1, logits=[[0, -2], [0, 2], [0, 1]]).calibrate(h.PLATT)
    fitted.scale = fitted.scale[:1]
    raises(ValueError, "scale has 1 values", model.with_calibration, fitted)
    raises(TypeError, "a list is needed", h.Dataset, context, label_columns="epidural")
    raises(TypeError, "a list is needed", h.Model.preset, context, class_names="ab")
    raises(ValueError, "a NUL inside", h.Image.load, context, "slice.png\0.jpg")
    raises(ValueError, "a NUL inside", model.save, b"model\0.safetensors")
    raises(ValueError, "a NUL inside", h.Model.preset, context, class_names=["a\0", "b"])
    raises(OverflowError, "from -2147483648 to 2147483647", h.Predictor, model, max_batch=2**32 + 4)
    raises(OverflowError, "from 0 to 18446744073709551615", h.Model.preset, context, seed=-1)
    raises(OverflowError, str(2**32 + 8), bytes_image(context).resize, 2**32 + 8, 8)
    assert h.Model.preset(context, seed=2**64 - 1).metadata["seed"] == str(2**64 - 1)
    assert model.with_threshold(half()).threshold.threshold == .5
    raises(h.Error, "threshold 1", model.with_threshold, 1)


def bytes_image(context):
    return h.Image.from_array(context, bytes(range(64)), (8, 8))


def half():
    """A number that is no float where there is numpy, as its users have it."""
    return np.float32(.5) if np else .5


def check_training(context, data, model):
    train, test = data.split(train_ratio=0.7, seed=1)
    told = []
    trainer = h.Trainer(model, train, test, progress=told.append, batch=4, seed=3)
    best = trainer.train(2)
    assert trainer.epochs == 2 and len(trainer.history()) == 2 and told[0].batch == 1 and told[-1].epoch == 2
    assert best.dumps() != model.dumps()

    def boom(_):
        raise KeyboardInterrupt("now")
    crafted = h.Trainer(model, train, test, batch=4, accumulate=2, schedule=h.SCHEDULE_COSINE, schedule_epochs=2, average=0.9, clip_norm=1,
                        param_groups=[{"prefix": "conv_block_1.", "frozen": 1}, {"prefix": "classifier.", "rate": 2, "decay": -1}],
                        augment={"flip": 0.5, "mixup": 0.2})
    crafted.train(2)
    assert abs(crafted.history()[1].learning_rate - 0.0005) < 1e-12 and crafted.info.precision == "float32" and crafted.info.device_bytes > 0
    raises(h.Error, "no tensor of the network begins so", lambda: h.Trainer(model, train, param_groups=[{"prefix": "nowhere"}]))
    interrupted = h.Trainer(model, train, test, progress=boom)
    raises(KeyboardInterrupt, "now", interrupted.epoch)
    assert interrupted.epochs == 0
    raises(h.Error, "HN_E_CANCELLED", h.Trainer(model, train, test, progress=lambda p: True).epoch)
    cancel = h.Cancel(context)
    cancel.trigger()
    raises(h.Error, "HN_E_CANCELLED", h.Trainer(model, train, test, cancel=cancel).epoch)
    return best, test


def check_evaluation(context, predictor, test):
    evaluation = predictor.evaluate(test)
    figures = evaluation.metrics()
    assert figures.n == len(test) == len(evaluation) and sum(map(sum, evaluation.confusion())) == figures.n
    assert abs(sum(evaluation[0].probabilities) - 1) < 1e-6
    raises(ZeroDivisionError, "", predictor.evaluate, test, progress=lambda p: 1 / 0)
    known = h.Evaluation.from_arrays(context, [0, 1, 1], [[.9, .1], [.2, .8], [.6, .4]], ["a", "b"], positive="b")
    assert known.metrics().roc_auc == 1 and known.confusion() == [[1, 0], [1, 1]] and known.curve(h.ROC, 1)[0][:2] == (0, 0)
    rows, patients = [[1 - p, p] for p in (.1, .4, .35, .8, .6, .7)], ["a", "a", "b", "b", "c", "c"]
    slices = h.Evaluation.from_arrays(context, [0, 0, 1, 1, 0, 1], rows, positive=1, groups=patients)
    assert [s.group for s in (slices[i] for i in range(6))] == patients
    whole = slices.by_group(h.MAX)
    assert len(whole) == 3 and [whole[i].label for i in range(3)] == [0, 1, 1] and whole[2].probabilities[1] == .7
    auc = slices.auc(1)
    assert auc.groups == 3 and auc.low < auc.estimate == slices.metrics().roc_auc < auc.high
    assert slices.auc_difference(slices, 1).p == 1 and slices.mcnemar(slices).only_a == 0
    low, high = slices.bootstrap(resamples=200, seed=1)
    assert low.accuracy <= slices.metrics().accuracy <= high.accuracy
    assert slices.bootstrap(other=slices, resamples=100)[0].brier == 0
    band = slices.curve_band(h.ROC, 1, [0.1, 0.5, 1.0], resamples=100)
    assert [b[0] for b in band] == [0.1, 0.5, 1.0] and band[2][1:] == (1, 1, 1) and all(b[2] <= b[1] <= b[3] for b in band)
    assert h.proportion(8, 10).low < .8 and h.mean([.7, .8, .9], 1 / 2).corrected_low < h.mean([.7, .8, .9], 1 / 2).low
    accuracy, chosen = slices.rate(h.ACCURACY), slices.choose_threshold(h.CHOOSE_SENSITIVITY, 1)
    assert accuracy.groups == 3 and accuracy.low < accuracy.estimate == slices.metrics().accuracy
    assert abs(chosen.threshold - .225) < 1e-12 and chosen.sensitivity == 1 and chosen.n == 6 and slices.metrics(chosen.threshold).fn == 0
    held = slices.operating_points(h.CHOOSE_SENSITIVITY, [.5, 1], resamples=100)
    assert [point.value for point in held] == [.5, 1] and held[1].estimate == chosen.specificity
    raises(h.Error, "HN_E_ARGUMENT", slices.calibrate)  # no logits
    known = h.Evaluation.from_arrays(context, [0, 0, 1, 1, 0, 1], rows, positive=1, logits=[[0, z] for z in (-2, 0, -1, 1, 1, 2)])
    fitted = known.calibrate(h.PLATT)
    assert fitted.n == 6 and fitted.scale[0] == fitted.scale[1] > 0 and fitted.shift[0] == 0
    assert abs(known.calibrated(fitted).metrics().log_loss - fitted.log_loss_after) < 1e-12
    with predictor.model.with_calibration(fitted) as model, model.with_threshold(.25) as other:
        assert model.calibration.scale == fitted.scale and other.calibration.n == 6 and other.threshold.threshold == .25
        assert predictor.model.calibration.method == 0 and other.with_calibration(None).calibration.scale == [1, 1]
    rows, comparisons = slices.subgroups({"odd": ["no", "yes"] * 3, "place": list("122344")}, correction=h.BENJAMINI_HOCHBERG)
    assert [(row.name, row.value, row.n) for row in rows[:2]] == [("odd", "no", 3), ("odd", "yes", 3)] and len(rows) == 6 and comparisons == 0
    assert rows[0].estimate[0] == rows[1].rest[0] and rows[2].value == "1" and not any(row.differs for row in rows)
    figures, bins = slices.reliability(bins=4)
    parts = figures.reliability - figures.resolution + figures.uncertainty + figures.within_variance - figures.within_covariance
    assert len(bins) == 4 and sum(b.n for b in bins) == 6 and abs(parts - slices.metrics().brier) < 1e-12
    raises(h.Error, "HN_E_ARGUMENT", h.Evaluation.from_arrays, context, [0, 7], [[.9, .1], [.2, .8]])


def check_explain(context, predictor, phantom):
    """Maps and what is made of them, held against sums that Python does itself."""
    picture = next(i for i in range(len(phantom)) if phantom[i][0].lesion_px > 20)
    info, image, mask = phantom[picture]
    heatmap = predictor.explain(image)
    assert heatmap.info.class_name == "yes" and heatmap.shape == image.shape == (64, 64) and heatmap.info.method == h.HIRES_CAM
    assert heatmap.info.probability == predictor.predict(image).probabilities[1] and min(heatmap.values) >= 0 and max(heatmap.values) <= 1
    other = predictor.explain(image, target="no", method=h.OCCLUSION, window=8, stride=4)
    assert other.info.class_name == "no" and other.info.method == h.OCCLUSION and other.values != heatmap.values
    raw = predictor.explain(image, raw=True, method=h.INTEGRATED_GRADIENTS, steps=64)
    assert min(raw.values) < 0 and abs(raw.info.sum - raw.info.expected) < 0.05 * abs(raw.info.expected) + 0.01
    batch = predictor.explain_batch([phantom[0][1], image])
    assert batch[1].values == heatmap.values and batch[0].values == predictor.explain(phantom[0][1]).values
    assert [m.values for m in predictor.explain_batch([phantom[0][1], image], series=True)] == [m.values for m in batch]
    strong = [(x, y) for y in range(64) for x in range(64) if heatmap[y][x] >= 0.5]
    with heatmap.regions(threshold=0.5, spacing_x=2.0, spacing_z=5.0) as regions:
        assert strong and sum(region.pixels for region in regions) == len(strong)
        first = regions[0]
        assert first.peak == max(heatmap.values) == heatmap[first.peak_y][first.peak_x] and first.area_mm2 == 4 * first.area
        assert abs(first.volume_ml - 20 * first.pixels / 1000) < 1e-9
        outline = regions.contour(0)
        area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(outline, outline[1:] + outline[:1])) / 2
        assert area >= first.area and all(first.left <= x <= first.left + first.width for x, _ in outline)
        over = heatmap.overlay(image, regions, caption="yes", colours=h.VIRIDIS)
        bare = heatmap.overlay(image, window=(40, 80), scale=1, bare=True)
    assert len(regions_of := h.Regions.find([heatmap, heatmap], threshold=0.5)) == len(h.Regions.find([heatmap], threshold=0.5))
    assert regions_of[0].pixels == 2 * first.pixels and regions_of[0].last_slice == 1
    assert bare.shape == (64, 64, 3) and over.shape[0] > 448 and h.Image.decode(context, over.png()).tobytes() == over.tobytes()
    lesion = mask.tobytes()
    truth, hot = heatmap.compare(mask), {(x, y) for x, y in strong}
    inside = {(i % 64, i // 64) for i, b in enumerate(lesion) if b}
    assert len(inside) == truth.mask_pixels == info.lesion_px and abs(truth.iou - len(hot & inside) / len(hot | inside)) < 1e-12
    assert truth.hit == ((truth.peak_x, truth.peak_y) in inside) and heatmap.compare(lesion).energy == truth.energy
    points, area = predictor.explain_curve(image, heatmap, h.DELETION, steps=8)
    assert len(points) == 9 and points[0][0] == 0 and points[8][0] == 1 and abs(points[0][1] - heatmap.info.probability) < 1e-6
    assert abs(area - sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(points, points[1:]))) < 1e-12
    with predictor.model.randomize(seed=5) as fresh, h.Predictor(fresh) as stranger:
        assert h.rank_correlation(context, heatmap, stranger.explain(image)) < 0.999 < h.rank_correlation(context, heatmap, heatmap)
    assert abs(h.rank_correlation(context, [1, 2, 3], [9, 5, 1]) + 1) < 1e-12
    raises(h.Error, "no layer", predictor.explain, image, layer="conv_block_9")
    raises(ValueError, "bytes for a map", heatmap.compare, b"123")
    raises(ValueError, "map of [64, 64]", heatmap.overlay, image.window().resize(32, 32))
    raises(ValueError, "map of [64, 64]", predictor.explain_curve, image.window().resize(32, 32), heatmap)
    raises(ValueError, "one size", h.Regions.find, [])
    raises(IndexError, "row 64", lambda: heatmap[64])
    if np is not None:
        x = heatmap.to_array()
        assert x.dtype == np.float32 and x.shape == (64, 64) and x[3].tolist() == list(heatmap[3])
        assert predictor.explain(image.to_array()).values == heatmap.values


def check_audit(context, model, phantom, data, test):
    """The test part shares nothing with the training part; a picture that stands on both sides is found."""
    with model.audit(test) as audit:
        assert len(audit) == 0 and audit.info.rows == len(test) and audit.info.checked == 1
    with model.audit(data) as audit:
        assert audit.info.patients == len(data) - len(test) == sum(f.kind == h.FINDING_PATIENT for f in audit)
    twice, known = h.Dataset(context), h.Dataset(context)
    for name, part, slices in (("t", twice, (0, 1, 2)), ("k", known, (2, 3, 4))):
        for i in slices:
            part.add_image(phantom[i][1], "yes" if phantom[i][0].types else "no", f"{name}{i}")
    chosen = h.Predictor(model).evaluate(twice, positive="yes").choose_threshold(h.CHOOSE_COST, 1)
    with model.with_threshold(chosen) as tuned, tuned.with_tuning_set(twice) as keeping, keeping.audit(known, tuning=True) as audit:
        assert audit.info.pixels == len(audit) == 1 and audit.info.other_rows == 3
        raises(h.Error, "HN_E_DATA", tuned.audit, known, tuning=True)
        raises(h.Error, "HN_E_DATA", tuned.with_tuning_set, known)
    with twice.audit(known) as audit:
        assert [(f.kind, f.row, f.other_row, f.other_group) for f in audit] == [(h.FINDING_PIXELS, 2, 0, "k2")]
        assert audit.info.pixels == 1 and audit.info.other_rows == 3
        assert len(audit.shortcuts()) == audit.info.shortcuts
    with known.audit(twice, shortcuts=False) as audit:
        assert len(audit) == 1 and audit.shortcuts() == []
    raises(h.Error, "both sets are the same", twice.audit, twice)
    with twice.audit() as audit:
        assert len(audit) == 0
        raises(IndexError, "finding 0", lambda: audit[0])
    cancel = h.Cancel(context)
    cancel.trigger()
    raises(h.Error, "HN_E_CANCELLED", twice.audit, known, cancel=cancel)
    raises(h.Error, "HN_E_DATA", h.Model.preset(context, class_names=["no", "yes"]).audit, twice)


def check_familiarity(context, model):
    """Noise is not like the training images; a model that was not trained cannot tell."""
    assert model.familiarity.known == 0 and h.Predictor(model).predict(h.Image.from_array(context, bytes(range(256)) * 16, (64, 64))).unfamiliar is None
    data = h.Dataset(context)
    for info, image, _ in h.Phantom(context, patients=30, slices_per_patient=1, size=64, seed=4):
        data.add_image(image, "yes" if info.types else "no", f"p{info.patient}")
    trained = h.Trainer(model, data, batch=8).train(1)
    facts, predictor = trained.familiarity, h.Predictor(trained)
    assert facts.known == 1 and facts.rows == facts.groups == 30 and 0 < facts.shrinkage < 1
    noise = h.Image.from_array(context, bytes(i * i * 31 % 251 for i in range(4096)), (64, 64))
    verdict = predictor.predict(noise)
    assert verdict.unfamiliar is True and verdict.novelty > 1 and verdict.flags & h.PREDICTION_UNFAMILIAR and verdict.class_name in ("no", "yes")
    maps = [predictor.explain(noise), predictor.explain_batch([noise])[0]]
    assert all(m.info.unfamiliar is True and m.info.novelty == verdict.novelty and m.info.flags & h.HEATMAP_UNFAMILIAR for m in maps)
    assert h.Predictor(model).explain(noise).info.unfamiliar is None
    evaluation = predictor.evaluate(data)
    assert evaluation.novelty.known == 1 and evaluation.novelty.unfamiliar == sum(evaluation[i].novelty > 1 for i in range(30))
    assert len(evaluation.familiar()) == 30 - evaluation.novelty.unfamiliar
    assert h.Trainer(model, data, batch=8, familiarity=False).train(1).familiarity.known == 0


def check_arrays(context, predictor, image):
    """One picture in many layouts: one verdict, bit for bit."""
    verdict = predictor.predict(image)
    plain = array.array("h", image.tobytes())
    batch = predictor.predict_batch([image, h.Image.from_array(context, plain, (64, 64)), h.Image.from_array(context, memoryview(plain), (64, 64))])
    assert all(v.logits == verdict.logits and v.class_name == verdict.class_name for v in batch)
    if np is None:
        return
    x = image.to_array()
    wide = np.zeros((64, 100), np.int16)
    wide[:, 7:71] = x
    for same in (x, np.asfortranarray(x), x[::-1].copy()[::-1], wide[:, 7:71], x.T.copy().T, x.repeat(2, 1)[:, ::2]):
        assert predictor.predict(same).logits == verdict.logits
    assert predictor.predict(h.Image.from_array(context, x.astype(np.float32), hu=True)).logits == verdict.logits
    assert predictor.predict(h.Image.from_array(context, (x + 1024).astype(np.uint16), hu=True, intercept=-1024)).logits == verdict.logits
    row = np.broadcast_to(x[30], (64, 64))
    assert predictor.predict(row).logits == predictor.predict(row.copy()).logits
    for kind in (np.uint8, np.uint16, np.float32):
        assert predictor.predict((np.arange(40 * 50 * 3).reshape(40, 50, 3) % 2).astype(kind)).class_name
    raises(TypeError, "astype", predictor.predict, x.astype(float))
    raises(TypeError, "astype", predictor.predict, x.astype(">i2"))


def check_threads(model, image, logits):
    found = []

    def work():
        with h.Predictor(model) as predictor:
            found.append(predictor.predict(image).logits)
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [logits] * 3


def main():
    lines = []
    context = h.Context(threads=2, log=lambda *about: lines.append(about), log_level=4)
    empty = context.memory().live_blocks
    phantom, data, model = scene(context)
    check_facts(context, data, model)
    check_transfer(context, model)
    check_errors(context, model)
    check_lengths(context, model)
    check_transfer(context, model)
    check_familiarity(context, model)
    best, test = check_training(context, data, model)
    predictor, image = h.Predictor(best), phantom[0][1]
    check_evaluation(context, predictor, test)
    check_explain(context, predictor, phantom)
    check_audit(context, best, phantom, data, test)
    check_arrays(context, predictor, image)
    check_threads(best, image, predictor.predict(image).logits)
    del phantom, data, model, best, test, predictor, image
    gc.collect()
    assert context.memory().live_blocks == empty, (context.memory().live_blocks, empty)


main()
