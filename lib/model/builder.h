/* builder.h - the inside of hn_builder: a model that is not finished yet. The public calls are in lib/api/builder.c. */
#ifndef HNI_MODEL_BUILDER_H
#define HNI_MODEL_BUILDER_H

#include "build.h"

struct hn_builder {
    hn_model *model;
    bool finished;
};

#endif
