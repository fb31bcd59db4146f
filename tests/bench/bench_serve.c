/* bench_serve.c - our side of make bench-peers: does what it is told on standard input, one line a command, and answers with one line.
 *
 *   open NAME MODEL SIZE HIDDEN BATCH train|test|predict THREADS → ok FLOPS | skip WHY    prepares a network (hidden 0 where it has none)
 *   file NAME PATH SIZE THREADS                               → ok 0 | skip WHY        a file's bytes → verdict by TinyVGG
 *   single NAME SIZE HIDDEN THREADS                           → ok 0 | skip WHY        hn_predict of an image in memory by TinyVGG
 *   run NAME COUNT                                            → SECONDS                of one run, mean of COUNT
 *   save NAME PATH                                            → ok                     the model's file
 *   probability NAME                                          → NUMBER                 of class 1, by the last run of a `file`
 *   peak THREADS                                              → GFLOPS
 *   device                                                    → NAME VERSION
 *   close NAME                                                → ok
 *
 * So peers and we take turns in one run, each in its own process, without a wrapper's cost on either side. */
#include <stdlib.h>
#include <string.h>

#include "base/os.h" /* defines: hni_seconds */
#include "peak.h"
#include "single.h"
#include "verdict.h"

enum { OPEN = 32, LINE = 2048 };

typedef struct item {
    char name[BENCH_NAME]; /* "" = free place */
    net *network;          /* one of the three */
    verdict *file;
    single *image;
} item;

typedef struct server {
    bench b;
    item items[OPEN];
} server;

static item *find(server *s, const char *name) {
    for (int i = 0; i < OPEN; i++)
        if (!strcmp(s->items[i].name, name)) return &s->items[i];
    return NULL;
}

static void refuse(const char *why) { printf("error %s\n", why); }

static void answer(const server *s, hn_status status, double number) {
    if (status)
        printf("skip %s\n", s->b.err.message);
    else
        printf("ok %.9g\n", number);
}

static int32_t mode_of(const char *word) {
    return !strcmp(word, "train") ? HNI_MODE_TRAIN : !strcmp(word, "test") ? HNI_MODE_TEST : HNI_MODE_PREDICT;
}

static void open_network(server *s, const char *rest) {
    char name[64], model[32], mode[16];
    int size, hidden, batch, threads;
    item *place = find(s, "");
    if (sscanf(rest, "%63s %31s %d %d %d %15s %d", name, model, &size, &hidden, &batch, mode, &threads) != 7 || threads < 1 ||
        threads > BENCH_THREADS) {
        refuse("open NAME MODEL SIZE HIDDEN BATCH train|test|predict THREADS");
        return;
    }
    if (!place || find(s, name)) {
        refuse("no place is free, or the name is taken");
        return;
    }
    const net_spec spec = {model, size, hidden, batch, mode_of(mode)};
    const double expected = net_estimate(&s->b, threads, net_flops(s->b.context[threads], &spec));
    if (6 * expected > s->b.limit) {
        printf("skip one run would take about %.0f s on %s\n", expected, s->b.device_name);
        return;
    }
    hn_status status = net_create(s->b.context[threads], s->b.device, &spec, &place->network, &s->b.err);
    if (!status) snprintf(place->name, sizeof place->name, "%s", name);
    answer(s, status, status ? 0 : place->network->flops);
    if (!status) place->network->spec.model = ""; /* it was the line's */
}

static void open_file(server *s, const char *rest) {
    char name[64], path[1024];
    int size, threads;
    item *place = find(s, "");
    if (sscanf(rest, "%63s %1023s %d %d", name, path, &size, &threads) != 4 || threads < 1 || threads > BENCH_THREADS) {
        refuse("file NAME PATH SIZE THREADS");
        return;
    }
    if (!place || find(s, name)) {
        refuse("no place is free, or the name is taken");
        return;
    }
    hn_status status = verdict_create(s->b.context[threads], s->b.device, path, size, &place->file, &s->b.err);
    if (!status) snprintf(place->name, sizeof place->name, "%s", name);
    answer(s, status, 0);
}

static void open_single(server *s, const char *rest) {
    char name[64];
    int size, hidden, threads;
    item *place = find(s, "");
    if (sscanf(rest, "%63s %d %d %d", name, &size, &hidden, &threads) != 4 || threads < 1 || threads > BENCH_THREADS) {
        refuse("single NAME SIZE HIDDEN THREADS");
        return;
    }
    if (!place || find(s, name)) {
        refuse("no place is free, or the name is taken");
        return;
    }
    hn_status status = single_create(s->b.context[threads], s->b.device, size, hidden, &place->image, &s->b.err);
    if (!status) snprintf(place->name, sizeof place->name, "%s", name);
    answer(s, status, 0);
}

static void run_item(server *s, item *it, int count) {
    hn_status status = HN_OK;
    const double begin = hni_seconds();
    if (it->network) status = net_run_many(it->network, count, &s->b.err);
    for (int i = 0; !it->network && i < count && !status; i++)
        status = it->file ? verdict_run(it->file, &s->b.err) : single_run(it->image, &s->b.err);
    if (status)
        refuse(s->b.err.message);
    else
        printf("%.9g\n", (hni_seconds() - begin) / count);
}

static void close_item(item *it) {
    net_free(it->network);
    verdict_free(it->file);
    single_free(it->image);
    *it = (item){.name = ""};
}

/* Commands about something that is open. */
static void obey_on(server *s, const char *word, const char *rest) {
    char name[64], path[1024] = "";
    item *it = sscanf(rest, "%63s %1023s", name, path) >= 1 ? find(s, name) : NULL;
    if (!it)
        refuse("nothing of that name is open");
    else if (!strcmp(word, "run"))
        run_item(s, it, atoi(path) > 0 ? atoi(path) : 1);
    else if (!strcmp(word, "save"))
        answer(s, hn_model_save(it->network ? it->network->model : it->file ? it->file->model : it->image->model, path, &s->b.err), 0);
    else if (!strcmp(word, "probability") && it->file)
        printf("%.9g\n", it->file->probability);
    else if (!strcmp(word, "close")) {
        close_item(it);
        printf("ok\n");
    } else
        refuse("not a command");
}

static void obey(server *s, char *line) {
    char word[32] = "";
    int at = 0;
    sscanf(line, "%31s %n", word, &at);
    const char *rest = line + at;
    if (!strcmp(word, "open"))
        open_network(s, rest);
    else if (!strcmp(word, "file"))
        open_file(s, rest);
    else if (!strcmp(word, "single"))
        open_single(s, rest);
    else if (!strcmp(word, "peak"))
        printf("%.6g\n", bench_peak_gflops(atoi(rest), 0.05, NULL));
    else if (!strcmp(word, "device"))
        printf("%s %s\n", s->b.device_name, hn_version_string());
    else
        obey_on(s, word, rest);
    fflush(stdout);
}

int main(int argc, char **argv) {
    static server s;
    char line[LINE];
    bench_begin(&s.b, "bench_serve", "ready", argc, argv);
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) obey(&s, line);
    for (int i = 0; i < OPEN; i++) close_item(&s.items[i]);
    return bench_end(&s.b);
}
