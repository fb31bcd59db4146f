/* cublaslt.h - what tests may ask of the fake cuBLASLt, and turn about it. */
#ifndef HAEMNET_TEST_CUDA_CUBLASLT_H
#define HAEMNET_TEST_CUDA_CUBLASLT_H

#include <cublasLt.h>
#include <stdatomic.h>

extern atomic_long fake_lt_products;          /* done */
extern _Atomic cublasComputeType_t fake_lt_last; /* how the last one multiplied */
extern _Atomic cudaDataType fake_lt_last_input; /* what from */
extern unsigned fake_lt_refused;              /* bits of fake_lt_bit: the heuristics have nothing for these */
extern size_t fake_lt_workspace;              /* what an algorithm asks for */
extern int fake_lt_algorithms;                /* that the heuristics know, 1 … FAKE_LT_MOST */
extern atomic_int fake_lt_chosen;             /* number of the last product's, from 0 */
enum { FAKE_LT_MOST = 16 };
extern double fake_lt_ms[FAKE_LT_MOST];       /* what each takes, made up */

/* The bit of a compute type and an input type in fake_lt_refused. */
unsigned fake_lt_bit(cublasComputeType_t compute, cudaDataType input);

#endif
