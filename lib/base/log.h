/* log.h - messages to the host's log callback: formatted on the stack, silent by default. */
#ifndef HNI_BASE_LOG_H
#define HNI_BASE_LOG_H

#include "context.h"
#include "status.h"

void hni_log_message(hn_context *ctx, int32_t level, const char *component, const char *format, ...) HNI_PRINTF(4, 5);

#endif
