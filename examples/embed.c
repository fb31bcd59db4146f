/* embed.c - the smallest host: a model file, and an image whose bytes the host has in memory already.
 *
 *   cc embed.c $(pkg-config --cflags --libs haemnet) -o embed && ./embed model.safetensors slice.png
 *
 * The file is read here and handed over as bytes, as a PACS or a network service would have them. What the library gives back is
 * freed at one place, in any order; whatever was not made is NULL, and every free takes NULL. */
#include <haemnet/haemnet.h>
#include <stdio.h>
#include <stdlib.h>

/* The whole file, for free(); NULL if it cannot be read. */
static unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = NULL;
    long length = -1;
    if (file && fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) > 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)length);
    if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length) {
        free(bytes);
        bytes = NULL;
    }
    if (file) fclose(file);
    *size = bytes ? (size_t)length : 0;
    return bytes;
}

int main(int argc, char **argv) {
    hn_error err = {0};
    hn_context *ctx = NULL;
    hn_model *model = NULL;
    hn_predictor *predictor = NULL;
    hn_image *image = NULL;
    hn_prediction verdict = {.struct_size = sizeof verdict};
    size_t size = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: embed MODEL IMAGE\n");
        return 2;
    }
    unsigned char *bytes = read_file(argv[2], &size);
    if (!bytes) {
        fprintf(stderr, "%s: cannot be read, or is empty\n", argv[2]);
        return 1;
    }
    if (!hn_context_create(NULL, &ctx, &err) && !hn_model_load(ctx, argv[1], &model, &err) &&
        !hn_predictor_create(model, NULL, &predictor, &err) && !hn_image_decode(ctx, bytes, size, NULL, &image, &err) &&
        !hn_predict(predictor, image, &verdict, &err)) {
        printf("%s %.4f\n", hn_model_class_name(model, verdict.class_index), verdict.probability);
    } else {
        fprintf(stderr, "%s: %s\n", hn_status_name(err.status), err.message);
    }
    hn_image_free(image);
    hn_predictor_free(predictor);
    hn_model_free(model);
    hn_context_free(ctx);
    free(bytes);
    return err.status ? 1 : 0;
}
