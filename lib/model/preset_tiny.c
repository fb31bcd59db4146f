/* preset_tiny.c - small networks without skips. Names are those of a PyTorch module with nn.Sequential blocks; numbers are places in it. */
#include <stdio.h>

#include "preset.h"

/* Convolution (with batch norm: without bias), ReLU, twice; then half the size. */
static void block(hni_maker *m, int32_t number, int32_t filters, bool norm) {
    static const char *const places[] = {"0", "1", "2", "3", "4", "5", "6"};
    int at = 0;
    hni_maker_block(m, "conv_block_%d", number);
    for (int i = 0; i < 2; i++) {
        if (norm) {
            hni_add_conv(m, places[at++], filters, 3, 1, 1);
            hni_add_norm(m, places[at++]);
        } else {
            hni_add_biased_conv(m, places[at++], filters, 3);
        }
        hni_add_activation(m, places[at++], HN_ACT_RELU);
    }
    hni_add_max_pool(m, places[at], 2, 2, 0);
}

/* The thesis' network, after Wang et al., "CNN Explainer", 2020. */
void hni_add_tinyvgg(hni_maker *m, int32_t hidden, int32_t classes) {
    block(m, 1, hidden, false);
    block(m, 2, hidden, false);
    hni_maker_block(m, "classifier");
    hni_add_plain(m, "0", HNI_LAYER_FLATTEN);
    hni_add_dense(m, "1", classes);
}

/* Deeper, with batch norm (Ioffe & Szegedy 2015), and with global average pooling (Lin et al. 2013), so that the head's size does not
 * depend on the image's. */
void hni_add_tinyvgg_gap(hni_maker *m, int32_t hidden, int32_t classes) {
    for (int32_t i = 0; i < 4; i++) block(m, i + 1, hidden << i, true);
    hni_maker_block(m, "classifier");
    hni_add_plain(m, "0", HNI_LAYER_GLOBAL_AVG_POOL);
    hni_add_plain(m, "1", HNI_LAYER_FLATTEN);
    hni_add_dropout(m, "2", 0.2);
    hni_add_dense(m, "3", classes);
}
