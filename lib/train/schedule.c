/* schedule.c - see schedule.h. Pure functions, as stopping.c: nothing is kept between steps, which makes resumption exact for free. */
#include "schedule.h"

#include <math.h>

#include "base/numeric.h"
#include "base/status.h"

static const double PI = 3.14159265358979323846;
static const double NO_BETTER = 1e-4, NO_CHANGE = 1e-8; /* threshold and eps of PyTorch's ReduceLROnPlateau */

static hn_status check(const char *name, double value, double low, double high, hn_error *err) {
    if (value >= low && value <= high) return HN_OK;
    return hni_fail(err, HN_E_ARGUMENT, "%s is %g: must be %g to %g", name, value, low, high);
}

hn_status hni_schedule_make(const hn_train_options *o, int64_t steps, hni_schedule *out, hn_error *err) {
    hni_schedule s = {.kind = o->schedule ? o->schedule : HN_SCHEDULE_CONSTANT, .epochs = o->schedule_epochs,
                      .multiplier = o->schedule_multiplier ? o->schedule_multiplier : 1,
                      .patience = o->schedule_patience ? o->schedule_patience : 10, .rate = o->learning_rate,
                      .factor = o->schedule_factor != 0 ? o->schedule_factor : 0.1, .low = o->schedule_low,
                      .rise = o->cycle_rise != 0 ? o->cycle_rise : 0.3, .start = o->cycle_start != 0 ? o->cycle_start : 25,
                      .end = o->cycle_end != 0 ? o->cycle_end : 1e4, .steps = steps,
                      .warm_start = o->warm_up_start != 0 ? o->warm_up_start : 0.01};
    const bool long_enough = s.epochs >= 1 || s.kind == HN_SCHEDULE_CONSTANT || s.kind == HN_SCHEDULE_PLATEAU;
    s.warm_steps = o->warm_up_epochs * steps + o->warm_up_steps;
    if (s.kind < HN_SCHEDULE_CONSTANT || s.kind > HN_SCHEDULE_PLATEAU)
        return hni_fail(err, HN_E_ARGUMENT, "unknown schedule %d; see HN_SCHEDULE_…", s.kind);
    if (!long_enough || s.epochs < 0 || s.epochs > 1000000)
        return hni_fail(err, HN_E_ARGUMENT, "schedule_epochs is %d: this schedule wants 1 to 1000000 epochs", s.epochs);
    if (o->warm_up_epochs < 0 || o->warm_up_steps < 0 || o->warm_up_epochs > 1000000)
        return hni_fail(err, HN_E_ARGUMENT, "a warm-up of %d epochs and %d steps: must be 0 or more", o->warm_up_epochs, o->warm_up_steps);
    if (s.multiplier < 1 || s.multiplier > 1000 || s.patience < 0)
        return hni_fail(err, HN_E_ARGUMENT, "schedule_multiplier %d must be 1 to 1000, schedule_patience %d at least 0", s.multiplier, s.patience);
    hn_status status = check("schedule_factor", s.factor, 1e-9, 1, err);
    if (!status) status = check("schedule_low", s.low, 0, s.rate, err);
    if (!status) status = check("cycle_rise", s.rise, 1e-9, 1, err);
    if (!status) status = check("cycle_start", s.start, 1, 1e12, err);
    if (!status) status = check("cycle_end", s.end, 1, 1e12, err);
    if (!status) status = check("warm_up_start", s.warm_start, 1e-12, 1, err);
    if (!status) *out = s;
    return status;
}

/* From a to b along half a cosine; done: 0 … 1. */
static double half_cosine(double a, double b, double done) { return b + (a - b) / 2 * (1 + hni_cos(PI * done)); }

/* e: epochs since the end of the warm-up; likewise below. */
static double stepwise(const hni_schedule *s, int64_t e) { return s->rate * hni_pow(s->factor, (double)(e / s->epochs)); }

static double cosine(const hni_schedule *s, int64_t e) {
    return e >= s->epochs ? s->low : half_cosine(s->rate, s->low, (double)e / s->epochs);
}

static double restarts(const hni_schedule *s, int64_t e) {
    int64_t cycle = s->epochs;
    while (e >= cycle) {
        e -= cycle;
        cycle *= s->multiplier;
    }
    return half_cosine(s->rate, s->low, (double)e / (double)cycle);
}

/* t: steps since the end of the warm-up. Both halves begin and end on a step: the first of the N is at `start`, the last at `end`. */
static double one_cycle(const hni_schedule *s, int64_t t) {
    const double last = (double)s->epochs * (double)s->steps - 1, top = s->rise * (last + 1) - 1, at = (double)t;
    const double first = s->rate / s->start;
    if (top > 0 && at <= top) return half_cosine(first, s->rate, at / top);
    if (at >= last || last <= top) return first / s->end;
    return half_cosine(s->rate, first / s->end, (at - top) / (last - top));
}

/* loss: of the n epochs since the end of the warm-up. */
static double plateau(const hni_schedule *s, const double *loss, int64_t n) {
    double best = INFINITY, rate = s->rate;
    int64_t bad = 0;
    for (int64_t i = 0; i < n; i++) {
        bad++;
        if (loss[i] < best * (1 - NO_BETTER)) best = loss[i], bad = 0;
        if (bad <= s->patience) continue;
        const double lower = fmax(rate * s->factor, s->low);
        if (rate - lower > NO_CHANGE) rate = lower;
        bad = 0;
    }
    return rate;
}

static double after_warm_up(const hni_schedule *s, int64_t t, int64_t e, const double *watched) {
    switch (s->kind) {
    case HN_SCHEDULE_STEP: return stepwise(s, e);
    case HN_SCHEDULE_COSINE: return cosine(s, e);
    case HN_SCHEDULE_RESTARTS: return restarts(s, e);
    case HN_SCHEDULE_ONE_CYCLE: return one_cycle(s, t);
    case HN_SCHEDULE_PLATEAU: return plateau(s, watched, e);
    default: return s->rate;
    }
}

double hni_schedule_rate(const hni_schedule *s, int64_t step, int64_t epoch, const double *watched) {
    const int64_t warm_epochs = s->warm_steps / s->steps; /* the epoch in which the warm-up ends is the first after it */
    if (step < s->warm_steps) {
        const double done = (double)step / (double)s->warm_steps;
        return after_warm_up(s, 0, 0, watched) * (s->warm_start + (1 - s->warm_start) * done);
    }
    const int64_t past = epoch < warm_epochs ? epoch : warm_epochs; /* bad files: more epochs than steps were meant for */
    return after_warm_up(s, step - s->warm_steps, epoch - past, watched + past);
}
