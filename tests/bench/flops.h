/* flops.h - arithmetic that the mathematics asks for; what a backend does instead (Winograd, padding) does not count. */
#ifndef BENCH_FLOPS_H
#define BENCH_FLOPS_H

#include "graph/graph.h"

/* Of one run of an operator. A multiply-add is two; operators without any count one for each number they read or write, whichever is more,
 * which makes their share of the peak small: they are bound by memory. */
double bench_op_flops(const hn_op_desc *desc);

/* Of one run of a network: convolutions and dense layers, both ways when training. mode: HNI_MODE_…; -1 if no program can be made. */
double bench_graph_flops(const hni_graph *graph, int32_t mode, int32_t batch);

#endif
