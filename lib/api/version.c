/* version.c - which library this is. The layout table is generated from the headers, and asserted by the compiler in the same file. */
#include <stddef.h>
#include <stdint.h>

#include "haemnet/backend.h"
#include "haemnet/haemnet.h"
#include "layout.inc" /* defines: layout_text */

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#elif defined(__GNUC__)
#define COMPILER "gcc " __VERSION__
#else
#define COMPILER "an unknown compiler"
#endif

#if defined(__x86_64__)
#define MACHINE "x86-64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#else
#define MACHINE "unknown machine"
#endif

const char *hn_version_string(void) { return HN_VERSION_STRING; }
uint32_t hn_abi_version(void) { return HN_ABI_VERSION; }
const char *hn_build_info(void) { return "libhaemnet " HN_VERSION_STRING ", " COMPILER ", " MACHINE ", backends: reference, cpu"; }
const char *hn_abi_layout(void) { return layout_text; }
