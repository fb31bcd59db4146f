/* newer_abi.c - from the future, but can live with version 1: a larger table, a newer number, flags unknown here. Usable. */
#include "fake.h"

typedef struct future_backend {
    hn_backend v1;
    void (*more[4])(void);
} future_backend;

__attribute__((visibility("default"))) const hn_backend *hn_backend_entry(uint32_t host_version);

const hn_backend *hn_backend_entry(uint32_t host_version) {
    static future_backend table;
    table.v1 = fake_table("newer-abi");
    table.v1.struct_size = sizeof table;
    table.v1.abi_version = host_version + 6;
    table.v1.flags = 0x80;
    return &table.v1;
}
