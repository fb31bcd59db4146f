/* main.c - the program `haemnet`: picks the command, and makes sure that what was printed arrived. Commands are in cmd_*.c, their list in
 * commands.c; everything is done by the library, through its public headers. */
#include <signal.h>
#include <string.h>

#include "program.h"

static bool wants_help(int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) return true;
    return false;
}

/* Single characters to change, insert, remove or swap (neighbours) until a is b; words of 31 at most, else "far". */
static int distance(const char *a, const char *b) {
    int n = (int)strlen(a), m = (int)strlen(b), d[32][32];
    if (n > 31 || m > 31) return 99;
    for (int i = 0; i <= n; i++)
        for (int j = 0; j <= m; j++) {
            if (!i || !j) {
                d[i][j] = i + j;
                continue;
            }
            int same = a[i - 1] != b[j - 1], best = d[i - 1][j - 1] + same;
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best) best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[n][m];
}

static int unknown_command(const char *name) {
    const command *nearest = NULL;
    int least = 4;
    for (int i = 0; i < n_commands; i++) {
        int d = distance(name, commands[i].name);
        if (d < least && d < (int)strlen(commands[i].name)) least = d, nearest = &commands[i];
    }
    fprintf(stderr, "haemnet: there is no command %s", name);
    if (nearest) fprintf(stderr, "; did you mean %s?", nearest->name);
    fprintf(stderr, "\nTry: haemnet help\n");
    return EXIT_USAGE;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like any other */
    signal(SIGXFSZ, SIG_IGN); /* and so is a limit on the size of files */
    if (argc < 2) {
        print_help(stderr, NULL);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) name = "help";
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) name = "version";
    const command *c = find_command(name);
    if (!c) return unknown_command(name);
    if (!wants_help(argc - 1, argv + 1)) return close_stdout(c->run(argc - 1, argv + 1));
    print_help(stdout, c);
    return close_stdout(EXIT_DONE);
}
