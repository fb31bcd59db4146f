/* replay.c - gives files to a fuzz target, without a fuzzer: for any compiler, for valgrind, for a find on another machine.
 *
 *     cc … tests/fuzz/fuzz_NAME.c tests/fuzz/replay.c libhaemnet.a -lm -pthread -o replay && ./replay tests/fuzz/corpus/NAME/…
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        if (!f || fseek(f, 0, SEEK_END)) {
            perror(argv[i]);
            return 1;
        }
        const long size = ftell(f);
        rewind(f);
        uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1); /* exactly: reading on shows */
        if (!bytes || fread(bytes, 1, (size_t)size, f) != (size_t)size) {
            perror(argv[i]);
            return 1;
        }
        fclose(f);
        printf("%s: %ld bytes\n", argv[i], size);
        fflush(stdout);
        LLVMFuzzerTestOneInput(bytes, (size_t)size);
        free(bytes);
    }
    printf("%d files\n", argc - 1);
    return 0;
}
