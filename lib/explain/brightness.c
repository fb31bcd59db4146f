/* brightness.c - no explanation: the grey levels that the network takes in, the mean of its channels. What a map of a network has to beat, where
 * blood is bright (cf. the edge detector of Adebayo et al. 2018). */
#include "explain.h"

hn_status hni_brightness_grid(const hni_question *q, hni_grid *grid) {
    const hni_preproc *pre = &q->e->p->model->preproc;
    const size_t plane = (size_t)pre->width * (size_t)pre->height;
    for (size_t i = 0; i < plane; i++) {
        uint32_t sum = 0;
        for (int32_t c = 0; c < pre->channels; c++) sum += q->pixels[(size_t)c * plane + i];
        grid->cells[i] = sum / (255.0 * pre->channels);
    }
    return HN_OK;
}
