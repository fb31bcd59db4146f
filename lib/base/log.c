/* log.c - one message to the host's log callback.
 *
 * Formatted on the stack, so that logging never fails and never takes memory; silent without a callback. What does not fit is cut.
 * Not a place for data: messages name files and figures, never pixels or patients. */
#include <stdarg.h>
#include <stdio.h>

#include "log.h"
#include "utf8.h"

void hni_log_message(hn_context *ctx, int32_t level, const char *component, const char *format, ...) {
    if (!ctx || !ctx->log || level > ctx->log_level)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0)
        return;
    size_t length = (size_t)n;
    if (length >= sizeof text)
        length = hni_utf8_cut(text, sizeof text - 1);
    text[length] = '\0';
    hni_utf8_clean(text, length);
    ctx->log(ctx->log_user, level, component, text);
}
