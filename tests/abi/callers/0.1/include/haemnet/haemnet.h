/* haemnet.h - libhaemnet: train, evaluate, run and explain networks that find intracranial haemorrhage in head-CT slices.
 *
 * Research use; not a medical device.
 *
 *     #include <haemnet/haemnet.h>
 *     #include <stdio.h>
 *
 *     int main(int argc, char **argv) {                      // verdict MODEL IMAGE
 *         hn_error err = {0};
 *         hn_context *ctx = NULL;
 *         hn_model *model = NULL;
 *         hn_predictor *predictor = NULL;
 *         hn_image *image = NULL;
 *         hn_prediction verdict = {.struct_size = sizeof verdict};
 *         if (argc != 3) return fprintf(stderr, "usage: verdict MODEL IMAGE\n"), 2;
 *         if (!hn_context_create(NULL, &ctx, &err) && !hn_model_load(ctx, argv[1], &model, &err) &&
 *             !hn_predictor_create(model, NULL, &predictor, &err) && !hn_image_load(ctx, argv[2], NULL, &image, &err) &&
 *             !hn_predict(predictor, image, &verdict, &err))
 *             printf("%s: %.3f\n", hn_model_class_name(model, verdict.class_index), verdict.probability);
 *         else
 *             fprintf(stderr, "%s\n", err.message);
 *         hn_image_free(image), hn_predictor_free(predictor), hn_model_free(model), hn_context_free(ctx); // any order
 *         return err.status ? 1 : 0;
 *     }
 *
 * The way of the data, one header a step:
 *   status.h version.h   errors, and which library this is
 *   context.h device.h   memory, threads, log; where networks run
 *   image.h phantom.h    pixels in, and invented ones
 *   dataset.h            labelled images, split by patient
 *   model.h transfer.h   networks, their weights and their file; those that begin with another's weights
 *   builder.h            networks of one's own
 *   augment.h train.h    learning
 *   predict.h familiar.h verdicts; images that are not like those of the training
 *   evaluate.h           how good they are
 *   calibrate.h          thresholds, and what probabilities are worth
 *   subgroups.h          whether they are as good for everyone
 *   audit.h              whether such figures can be believed: leaks between training and test data
 *   explain.h            where they come from
 * backend.h, for people who write backends, is not included here. */
#ifndef HAEMNET_HAEMNET_H
#define HAEMNET_HAEMNET_H

#include "audit.h"
#include "augment.h"
#include "builder.h"
#include "calibrate.h"
#include "context.h"
#include "dataset.h"
#include "device.h"
#include "evaluate.h"
#include "explain.h"
#include "familiar.h"
#include "image.h"
#include "model.h"
#include "phantom.h"
#include "predict.h"
#include "status.h"
#include "subgroups.h"
#include "train.h"
#include "transfer.h"
#include "version.h"

#endif
