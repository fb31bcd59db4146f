/* stopping.c - patience and Prechelt's three classes of criteria (L. Prechelt, "Early Stopping – But When?", in Neural Networks: Tricks of
 * the Trade, 1998, section 2.2). Epochs count from 1 in the paper and from 0 here; E_va is the test loss, E_tr the training loss.
 * Ratios only, so the paper's factor 100 on the errors cancels out.
 *
 * State is never kept: the whole history is looked at each time, which makes resumption exact for free. */
#include "stopping.h"

hni_stopping hni_stopping_defaults(const hn_train_options *o) {
    hni_stopping s = {o->stop ? o->stop : HN_STOP_NEVER, o->stop_patience, o->stop_strip ? o->stop_strip : 5, o->stop_alpha};
    if (!s.patience) s.patience = s.rule == HN_STOP_UP ? 3 : 5;
    if (!(s.alpha > 0)) s.alpha = s.rule == HN_STOP_PQ ? 0.75 : 5;
    return s;
}

static double least(const double *loss, int64_t n) {
    double best = loss[0];
    for (int64_t i = 1; i < n; i++)
        if (loss[i] < best) best = loss[i];
    return best;
}

/* GL(t) = 100 (E_va(t) / min E_va - 1) */
static double generalisation_loss(const double *loss, int64_t n) {
    double best = least(loss, n);
    return best > 0 ? 100 * (loss[n - 1] / best - 1) : 0;
}

/* P_k(t) = 1000 (mean E_tr over the strip / min E_tr over the strip - 1) */
static double progress(const double *train_loss, int64_t n, int32_t strip) {
    double sum = 0, best = least(train_loss + n - strip, strip);
    for (int64_t i = n - strip; i < n; i++) sum += train_loss[i];
    return best > 0 ? 1000 * (sum / (strip * best) - 1) : 0;
}

static bool no_better_for(const double *loss, int64_t n, int32_t patience) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (loss[i] < loss[best]) best = i;
    return n - 1 - best >= patience;
}

/* UP_s: at the ends of the last s strips the loss had risen since the end of the strip before. */
static bool rose(const double *loss, int64_t n, int32_t strip, int32_t times) {
    if (n % strip || n / strip <= times) return false;
    for (int32_t i = 0; i < times; i++) {
        int64_t end = n - 1 - (int64_t)i * strip;
        if (!(loss[end] > loss[end - strip])) return false;
    }
    return true;
}

bool hni_should_stop(const hni_stopping *s, const double *test_loss, const double *train_loss, int64_t n) {
    if (n < 1) return false;
    switch (s->rule) {
    case HN_STOP_PATIENCE: return no_better_for(test_loss, n, s->patience);
    case HN_STOP_GL: return generalisation_loss(test_loss, n) > s->alpha;
    case HN_STOP_PQ: {
        if (n % s->strip) return false; /* looked at at the end of a strip only */
        double gl = generalisation_loss(test_loss, n), p = progress(train_loss, n, s->strip);
        return gl > s->alpha * p && gl > 0;
    }
    case HN_STOP_UP: return rose(test_loss, n, s->strip, s->patience);
    default: return false;
    }
}
