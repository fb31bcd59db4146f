/* no_toolkit.c - stands for each test of cuda/ where there are no headers of CUDA and cuDNN: says so, and that it is skipped. */
#include <stdio.h>

int main(int argc, char **argv) {
    printf("SKIP %s: no headers of CUDA and cuDNN here, or CUDA=0\n", argc > 0 ? argv[0] : "a test of cuda/");
    return 77;
}
