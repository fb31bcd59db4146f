/* seeds.c - writes a good checkpoint of fuzz_checkpoint.c's trainer, its start model's digest as zeros; for gen_corpus.py. */
#include "fuzz_checkpoint.c"

int main(int argc, char **argv) {
    hn_epoch_report report = {.struct_size = sizeof report};
    size_t size;
    if (argc != 2) return 2;
    checkpoint_set_up();
    hn_trainer *t = checkpoint_trainer();
    PROMISE(!hn_train_epoch(t, &report, &err) && !hn_trainer_save(t, argv[1], &err), "%s", err.message);
    FILE *f = fopen(argv[1], "r+b");
    PROMISE(f && !fseek(f, 0, SEEK_END), "%s", argv[1]);
    size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(size), *place = NULL;
    PROMISE(bytes && fread(bytes, 1, size, f) == size, "%s", argv[1]);
    place = memmem(bytes, size, checkpoint_scene.digest, CHECKPOINT_DIGITS);
    PROMISE(place, "the digest is not in the file");
    memset(place, '0', CHECKPOINT_DIGITS);
    rewind(f);
    PROMISE(fwrite(bytes, 1, size, f) == size && !fclose(f), "%s", argv[1]);
    free(bytes);
    hn_trainer_free(t);
    return 0;
}
