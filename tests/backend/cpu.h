/* cpu.h - a context with one device for each instruction set of the cpu backend that this machine can run: "cpu-avx2", "cpu-plain", … */
#ifndef HAEMNET_TEST_BACKEND_CPU_H
#define HAEMNET_TEST_BACKEND_CPU_H

#include "backend/cpu/cpu.h"
#include "backend/cases.h" /* defines: hni_case_input */
#include "devices.h"

enum { CPU_ISAS = 8 };
typedef struct cpu_tables {
    int n;
    hn_backend table[CPU_ISAS]; /* must outlive the context */
    char name[CPU_ISAS][32];
} cpu_tables;

/* Adds the tables to a context; says which instruction sets cannot be tested here. */
static inline void cpu_register(hn_context *ctx, cpu_tables *t) {
    hn_error err;
    t->n = 0;
    for (size_t i = 0; hni_cpu_isas()[i]; i++) {
        const hni_cpu_isa *isa = hni_cpu_isas()[i];
        if (!isa->usable()) {
            printf("SKIP cpu %s: this processor lacks it\n", isa->name);
            continue;
        }
        snprintf(t->name[t->n], sizeof t->name[0], "cpu-%s", isa->name);
        t->table[t->n] = hni_cpu_backend_of(isa);
        t->table[t->n].name = t->name[t->n];
        ck_ok(hn_backend_register(ctx, &t->table[t->n], &err));
        t->n++;
    }
}

#endif
