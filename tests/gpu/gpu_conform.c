/* gpu_conform.c - is what a device computes right? Against the reference and the cpu backend, within the tolerance of its precision.
 *
 *   --part network   whole networks: one step, then recorded ones, before anything else ran in the process, as in a host
 *   --part cases     every case of the list (--every N: each N-th)
 *   --part doubts    what the list has no case for
 *   --part device    whether the device can be opened, and no more
 *
 * One part a process, so that a device that breaks in one does not take the others with it. */
#include <string.h>

#include "conform.h"

int main(int argc, char **argv) {
    static const char *const own[] = {"--part", "--every", NULL};
    static const struct {
        const char *name;
        void (*run)(gpu *g);
    } parts[] = {{"network", conform_network}, {"cases", conform_cases}, {"doubts", conform_doubts}};
    static gpu g;
    gpu_begin(&g, "gpu_conform", own, argc, argv);
    const char *wanted = gpu_option(&g, "--part", "all");
    if (!strcmp(wanted, "device")) gpu_check(&g, true, "the device", "it can be opened");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strcmp(wanted, "all") || !strcmp(wanted, parts[i].name)) parts[i].run(&g);
    return gpu_end(&g);
}
