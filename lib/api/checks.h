/* checks.h - checks of arguments that several files of the API share. */
#ifndef HNI_API_CHECKS_H
#define HNI_API_CHECKS_H

#include "haemnet/evaluate.h"

/* The caller's options (may be NULL) with nothing left at 0; `f` names the function that was called. */
hn_status hni_take_bootstrap(const hn_bootstrap_options *options, hn_bootstrap_options *o, const char *f, hn_error *err);

#endif
