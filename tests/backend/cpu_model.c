/* cpu_model.c - trains with one instruction set of the cpu backend and writes the model: `cpu_model avx2 FILE`. For slow_neon.sh, which compares
 * the bytes of two machines. */
#include "cpu_train.h"

int main(int argc, char **argv) {
    const hni_cpu_isa *isa = argc == 3 ? hni_cpu_isa_named(argv[1]) : NULL;
    hn_error err = {.status = HN_OK};
    size_t size = 0;
    if (!isa) {
        fprintf(stderr, "usage: cpu_model INSTRUCTION-SET FILE, with one that this machine has\n");
        return 2;
    }
    uint8_t *bytes = cpu_train(isa, 2, &size, &err);
    if (!bytes) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    FILE *file = fopen(argv[2], "wb");
    const int written = file && fwrite(bytes, 1, size, file) == size;
    free(bytes);
    return file && fclose(file) == 0 && written ? 0 : 1;
}
