/* no_entry.c - a shared object, but no plug-in. */
__attribute__((visibility("default"))) int some_other_symbol(void);

int some_other_symbol(void) {
    return 1;
}
