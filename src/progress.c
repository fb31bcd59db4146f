/* progress.c - one line that redraws itself on a terminal; nothing elsewhere, where the commands print a plain line an epoch instead. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

enum { BAR = 24 };

void progress_begin(progress_bar *bar, const char *what) {
    *bar = (progress_bar){.what = what, .terminal = !quiet && isatty(STDERR_FILENO)};
}

void progress_draw(progress_bar *bar, const char *phase, const hn_progress *p) {
    char line[256], filled[BAR + 1];
    double share = p->batches > 0 ? (double)p->batch / (double)p->batches : 1;
    int full = (int)(share * BAR);
    if (!bar->terminal) return;
    memset(filled, '#', (size_t)full);
    memset(filled + full, '.', (size_t)(BAR - full));
    filled[BAR] = 0;
    int n = snprintf(line, sizeof line, "%.60s%s [%s] %3.0f%%  %.0f images/s  ETA %.0f s", bar->what, phase, filled, share * 100,
                     p->seconds > 0 ? (double)p->images / p->seconds : 0, share > 0 ? p->seconds / share - p->seconds : 0);
    if (isfinite(p->loss) && n > 0 && n < (int)sizeof line) n += snprintf(line + n, sizeof line - (size_t)n, "  loss %.4f", p->loss);
    fprintf(stderr, "\r%s%*s", line, bar->width > n ? bar->width - n : 0, "");
    bar->width = n;
}

int32_t progress_show(void *user, const hn_progress *p) {
    progress_bar *bar = user;
    bool last = p->batch >= p->batches;
    if (!last && p->seconds - bar->shown < 0.1 && p->seconds > bar->shown) return 0;
    bar->shown = p->seconds;
    progress_draw(bar, p->epoch == 0 ? "" : p->phase == HN_PHASE_TRAIN ? " train" : " test ", p);
    return 0;
}

void progress_end(progress_bar *bar) {
    if (bar->terminal && bar->width) fprintf(stderr, "\r%*s\r", bar->width, "");
    bar->width = 0;
}
