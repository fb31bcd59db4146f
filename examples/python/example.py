#!/usr/bin/env python3
"""example.py - invented patients → data set → training → evaluation → a verdict on raw pixels, with numpy if it is there and without it if not.

    HAEMNET_LIBRARY=build/libhaemnet.so.0 python3 examples/python/example.py [MODEL.safetensors]

So small that it learns little: it shows the way. More patients, larger images and more epochs are further along it.
"""
import array
import sys

import haemnet

try:
    import numpy
except ImportError:
    numpy = None


def collect(context, phantom):
    """A data set of the phantom's slices in memory; the patient is the group, so that a split never divides one."""
    data = haemnet.Dataset(context)
    for info, image, _mask in phantom:
        data.add_image(image, "haemorrhage" if info.types else "no_haemorrhage", group=f"patient {info.patient}")
    return data


def report(epoch):
    print(f"epoch {epoch.epoch}: train loss {epoch.train_loss:.4f}, test loss {epoch.test_loss:.4f}, accuracy {epoch.test_accuracy:.3f}")


def raw_pixels(image):
    """The slice as the host may have it: int16 HU in a numpy array, or in an array of the standard library with its shape."""
    if numpy is not None:
        return image.to_array(), None
    return array.array("h", image.tobytes()), image.shape


def main():
    with haemnet.Context(threads=2) as context:
        print(f"libhaemnet {haemnet.VERSION}, numpy {numpy.__version__ if numpy else 'not there'}")
        phantom = haemnet.Phantom(context, patients=24, slices_per_patient=2, size=64, seed=1)
        data = collect(context, phantom)
        train, test = data.split(train_ratio=0.75, seed=1)
        start = haemnet.Model.preset(context, "tinyvgg", width=32, height=32, channels=1, class_names=data.classes, positive="haemorrhage", seed=1)

        trainer = haemnet.Trainer(start, train, test, batch=8, learning_rate=0.003, seed=1, stop=haemnet.STOP_PATIENCE, stop_patience=3)
        model = trainer.train(8, report)
        if len(sys.argv) > 1:
            model.save(sys.argv[1])

        with haemnet.Predictor(model) as predictor:
            evaluation = predictor.evaluate(test)
            figures = evaluation.metrics()
            print(f"{figures.n} images: accuracy {figures.accuracy:.3f}, AUC {figures.roc_auc:.3f}, confusion {evaluation.confusion()}")
            image = phantom[0][1]
            pixels, shape = raw_pixels(image)
            verdict = predictor.predict(haemnet.Image.from_array(context, pixels, shape))
            print(f"raw pixels: {verdict.class_name} {verdict.probability:.4f}")
            if numpy is not None:  # arrays may be given as they are, and upside down or cut out of larger ones too
                assert predictor.predict(pixels).logits == verdict.logits
                assert predictor.predict(pixels[::-1][::-1]).logits == verdict.logits
        try:
            haemnet.Image.decode(context, b"no image")
        except haemnet.Error as error:
            print(f"as it should be: {error.name}")


main()
