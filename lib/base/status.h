/* status.h - filling a caller's hn_error. Every failure in the library goes through one of these. */
#ifndef HNI_BASE_STATUS_H
#define HNI_BASE_STATUS_H

#include "haemnet/status.h"

#define HNI_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Fills err (may be NULL) and returns status, so that callers write `return hni_fail(err, HN_E_SHAPE, "…", …)`. Text that does not
 * fit is cut at a UTF-8 boundary. */
hn_status hni_fail(hn_error *err, hn_status status, const char *format, ...) HNI_PRINTF(3, 4);

/* The same with a foreign code: domain HN_DOMAIN_…, code the domain's own. */
hn_status hni_fail_code(hn_error *err, hn_status status, int32_t domain, int64_t code, const char *format, ...) HNI_PRINTF(5, 6);

/* HN_E_IO with errno's text appended: "cannot open scan.png: No such file or directory". */
hn_status hni_fail_errno(hn_error *err, int number, const char *format, ...) HNI_PRINTF(3, 4);

/* HN_E_MEMORY for `bytes` that could not be had. */
hn_status hni_fail_memory(hn_error *err, size_t bytes, const char *what);

/* Puts "prefix: " before the message that is in err already (for instance the file that a decoder failed on). */
void hni_error_prefix(hn_error *err, const char *format, ...) HNI_PRINTF(2, 3);

/* Checks a caller's size-prefixed struct: the first uint32 must be one of the published sizes (`sizes`, ascending, n of them), or
 * larger with a tail of zeros. Returns HN_E_ABI otherwise. `known` is the size this library was built with. */
hn_status hni_check_struct(const void *object, const char *name, const uint32_t *sizes, int n, hn_error *err);

#endif
