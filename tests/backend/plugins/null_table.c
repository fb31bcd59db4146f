/* null_table.c - cannot serve this host. */
#include "fake.h"

__attribute__((visibility("default"))) const hn_backend *hn_backend_entry(uint32_t host_version);

const hn_backend *hn_backend_entry(uint32_t host_version) {
    (void)host_version;
    (void)fake_table;
    return NULL;
}
