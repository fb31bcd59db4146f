/* order.c - whether streams wait for each other: two pieces of work on the same memory, one of which writes, must not be in two streams with
 * nothing between them. Found from what was asked (events, waits), whatever order the fake happens to do the work in.
 *
 * Each stream has a clock: how many pieces of each stream's work are done before its next piece, for certain. An event takes the clock of the
 * stream that records it along, a wait joins it in. Accesses are kept until the host has waited for them. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "cudart.h"

typedef struct entry {
    fake_access access;
    int place;
    uint64_t at; /* the work's number in its stream */
} entry;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool taken[FAKE_STREAMS];
static fake_clock host;
static uint64_t counts[FAKE_STREAMS]; /* of a place, never again from 0: a stream that ends leaves nothing to wait for */
static entry *entries;
static size_t n_entries, room;

int fake_order_stream(void) {
    int place = 0;
    pthread_mutex_lock(&lock);
    while (place < FAKE_STREAMS && taken[place])
        place++;
    if (place < FAKE_STREAMS)
        taken[place] = true;
    pthread_mutex_unlock(&lock);
    return place < FAKE_STREAMS ? place : -1;
}

static void join(fake_clock *to, const fake_clock *from) {
    for (int i = 0; i < FAKE_STREAMS; i++)
        if (to->at[i] < from->at[i])
            to->at[i] = from->at[i];
}

void fake_order_join(fake_clock *to, const fake_clock *from) {
    pthread_mutex_lock(&lock);
    join(to, from);
    pthread_mutex_unlock(&lock);
}

/* Keeps the entries for which keep says so; the lock is held. */
static void sweep(bool (*is_kept)(const entry *e, const void *arg), const void *arg) {
    size_t kept = 0;
    for (size_t i = 0; i < n_entries; i++)
        if (is_kept(&entries[i], arg))
            entries[kept++] = entries[i];
    n_entries = kept;
    if (kept == 0) {
        free(entries);
        entries = NULL;
        room = 0;
    }
}

static bool is_pending(const entry *e, const void *arg) {
    (void)arg;
    return host.at[e->place] < e->at;
}

static bool is_elsewhere(const entry *e, const void *arg) {
    const fake_access *gone = arg;
    return e->access.end <= gone->first || gone->end <= e->access.first;
}

static bool is_of_another(const entry *e, const void *arg) {
    return e->place != *(const int *)arg;
}

void fake_order_host(const fake_clock *waited) {
    pthread_mutex_lock(&lock);
    join(&host, waited);
    sweep(is_pending, NULL);
    pthread_mutex_unlock(&lock);
}

void fake_order_forget(uintptr_t first, uintptr_t end) {
    const fake_access gone = {first, end, true};
    pthread_mutex_lock(&lock);
    sweep(is_elsewhere, &gone);
    pthread_mutex_unlock(&lock);
}

void fake_order_end(int place) {
    pthread_mutex_lock(&lock);
    sweep(is_of_another, &place);
    taken[place] = false;
    pthread_mutex_unlock(&lock);
}

/* Notes it over an entry of the same stream and memory, if there is one. */
static void note(const entry *e) {
    for (size_t i = 0; i < n_entries; i++)
        if (entries[i].place == e->place && entries[i].access.first == e->access.first && entries[i].access.end == e->access.end &&
            entries[i].access.writes == e->access.writes) {
            entries[i].at = e->at;
            return;
        }
    if (n_entries == room) {
        const size_t more = room ? 2 * room : 64;
        entry *grown = realloc(entries, more * sizeof *grown);
        if (!grown)
            abort();
        entries = grown;
        room = more;
    }
    entries[n_entries++] = *e;
}

void fake_order_work(int place, fake_clock *clock, const fake_access *accesses, int n) {
    bool missed = false;
    pthread_mutex_lock(&lock);
    join(clock, &host);
    const uint64_t at = clock->at[place] = ++counts[place];
    for (int k = 0; k < n; k++) {
        const fake_access *a = &accesses[k];
        for (size_t i = 0; i < n_entries; i++)
            missed |= entries[i].place != place && (a->writes || entries[i].access.writes) && a->first < entries[i].access.end &&
                      entries[i].access.first < a->end && clock->at[entries[i].place] < entries[i].at;
        note(&(entry){*a, place, at});
    }
    pthread_mutex_unlock(&lock);
    if (missed)
        fake_wrong("two streams work on the same memory and neither waits for the other", 0);
}
