/* bench_presets.c - a training step and a prediction of every named network over the sizes that slices are looked at, one channel, batch 16. */
#include "net.h"

static void preset(bench *b, const hn_preset_info *p, int32_t size, int32_t batch) {
    char model[40], name[BENCH_NAME];
    snprintf(model, sizeof model, "%s@1", p->name);
    for (int m = 0; m < 2; m++) {
        const net_spec spec = {model, size, b->quick && p->hidden ? 1 : 0, batch, m ? HNI_MODE_PREDICT : HNI_MODE_TRAIN};
        snprintf(name, sizeof name, "%s %s %d px, batch %d", m ? "infer" : "train", p->name, size, batch);
        net_add(b, name, BENCH_THREADS, &spec);
    }
    snprintf(name, sizeof name, "%s %d px (images)", p->name, size);
    bench_run(b, name); /* one by one: each holds much memory */
}

int main(int argc, char **argv) {
    static const int32_t sizes[] = {64, 96, 224};
    static bench b;
    hn_preset_info p = {.struct_size = sizeof p};
    bench_begin(&b, "bench_presets", "Presets", argc, argv);
    for (int32_t i = 0; !hn_preset_get(i, &p, NULL); i++)
        for (int s = 0; s < 3; s++) {
            if (b.quick && (s || !p.hidden)) continue;
            preset(&b, &p, b.quick ? 16 : sizes[s], b.quick ? 2 : 16);
        }
    return bench_end(&b);
}
