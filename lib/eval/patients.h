/* patients.h - from slices to patients. */
#ifndef HNI_EVAL_PATIENTS_H
#define HNI_EVAL_PATIENTS_H

#include "eval.h" /* defines: hn_eval */

const char *hni_rule_name(int32_t rule); /* NULL if there is none */

/* Arguments as hn_eval_by_group, checked. */
hn_status hni_eval_by_group(const hn_eval *eval, int32_t rule, int32_t top, hn_eval **out, hn_error *err);

#endif
