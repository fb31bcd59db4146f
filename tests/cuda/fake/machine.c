/* machine.c - the state behind fake.h: which machine is played, what is to fail, how much is alive. No CUDA header, no work. */
#include "machine.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MOST_NAMES = 96 };

static struct {
    int devices, capability[FAKE_MAX_DEVICES], sticky[FAKE_MAX_DEVICES];
    uint64_t memory;
    size_t cudnn;
    bool lazy;
    long calls[FAKE_KINDS], fail_at[FAKE_KINDS], live[FAKE_KINDS], mistakes;
    int code[FAKE_KINDS];
    char mistake[160];
    struct {
        char name[40];
        long calls;
    } names[MOST_NAMES];
} m = {.devices = 1, .capability = {90, 90, 90, 90}, .cudnn = 91900};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void fake_reset(void) {
    pthread_mutex_lock(&lock);
    long live[FAKE_KINDS];
    memcpy(live, m.live, sizeof live); /* what is alive stays alive */
    memset(&m, 0, sizeof m);
    memcpy(m.live, live, sizeof live);
    m.devices = 1;
    m.cudnn = 91900;
    for (int i = 0; i < FAKE_MAX_DEVICES; i++)
        m.capability[i] = 90;
    pthread_mutex_unlock(&lock);
}

void fake_machine(int devices) {
    m.devices = devices;
}

void fake_capability(int device, int ten_times) {
    m.capability[device] = ten_times;
}

void fake_memory(uint64_t bytes) {
    m.memory = bytes;
}

void fake_cudnn_version(size_t version) {
    m.cudnn = version;
}

void fake_lazy(bool on) {
    m.lazy = on;
}

void fake_fail(int kind, long n, int code) {
    pthread_mutex_lock(&lock);
    m.fail_at[kind] = n > 0 ? m.calls[kind] + n : 0;
    m.code[kind] = code;
    pthread_mutex_unlock(&lock);
}

long fake_calls(int kind) {
    return m.calls[kind];
}

long fake_calls_of(const char *name) {
    for (int i = 0; i < MOST_NAMES; i++)
        if (strcmp(m.names[i].name, name) == 0)
            return m.names[i].calls;
    return 0;
}

long fake_live(int kind) {
    return m.live[kind];
}

long fake_mistakes(void) {
    return m.mistakes;
}

const char *fake_mistake(void) {
    return m.mistake;
}

static void count_name(const char *name) {
    for (int i = 0; i < MOST_NAMES; i++) {
        if (m.names[i].name[0] == '\0')
            snprintf(m.names[i].name, sizeof m.names[i].name, "%s", name);
        if (strcmp(m.names[i].name, name) == 0) {
            m.names[i].calls++;
            return;
        }
    }
}

int fake_enter(int kind, const char *name) {
    pthread_mutex_lock(&lock);
    const bool fails = ++m.calls[kind] == m.fail_at[kind];
    count_name(name);
    const int code = fails ? m.code[kind] : 0;
    pthread_mutex_unlock(&lock);
    return code;
}

void fake_made(int kind, int change) {
    pthread_mutex_lock(&lock);
    m.live[kind] += change;
    pthread_mutex_unlock(&lock);
}

int fake_wrong(const char *what, int code) {
    pthread_mutex_lock(&lock);
    m.mistakes++;
    snprintf(m.mistake, sizeof m.mistake, "%s", what);
    pthread_mutex_unlock(&lock);
    return code;
}

size_t fake_cudnn_found(void) {
    return m.cudnn;
}

int fake_devices(void) {
    return m.devices;
}

int fake_capability_of(int device) {
    return m.capability[device];
}

uint64_t fake_memory_bytes(void) {
    return m.memory;
}

bool fake_is_lazy(void) {
    return m.lazy;
}

int fake_sticky(int device, int code) {
    pthread_mutex_lock(&lock);
    if (code == 214 || code == 220 || code == 911 || code == 810 || (code >= 700 && code <= 721 && code != 701 && code != 703)) /* the context is lost */
        m.sticky[device] = code;
    const int answer = code ? code : m.sticky[device];
    pthread_mutex_unlock(&lock);
    return answer;
}
