/* version.h - which library this is: release, ABI number, build facts and the layout of every public struct.
 *
 * The macros are what the caller was compiled against, the functions what it runs on. */
#ifndef HAEMNET_VERSION_H
#define HAEMNET_VERSION_H

#include "status.h"

#define HN_VERSION_MAJOR 0
#define HN_VERSION_MINOR 1
#define HN_VERSION_PATCH 0
#define HN_VERSION_STRING "0.1.0"
#define HN_ABI_VERSION 0 /* = the number in libhaemnet.so.N */

#ifdef __cplusplus
extern "C" {
#endif

/* The release of the library that runs, such as "0.1.0".
 * Returns a static string that the library owns.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_version_string(void);

/* The ABI number of the library that runs; equals HN_ABI_VERSION of a caller that fits.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API uint32_t hn_abi_version(void);

/* How the library was built: compiler, flags that matter, instruction sets. One line of UTF-8 text for bug reports.
 * Returns a static string that the library owns.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_build_info(void);

/* The layout of every public struct, for bindings to compare at import. One line a struct, `struct NAME SIZE`, each followed by
 * one line a field, `field NAME OFFSET SIZE TYPE` (bytes; TYPE is one of i32 u32 i64 u64 f32 f64 ptr char[N] or TYPE[N]),
 * ordered as in the headers and generated from them.
 * Returns a static string that the library owns.
 * Errors:  none.
 * Thread:  any.
 * Since:   0.1 */
HN_API const char *hn_abi_layout(void);

#ifdef __cplusplus
}
#endif
#endif
