/* The four streams (copy, scale, add, triad) over static arrays of double, as STREAM counts them:
   prints the best GB/s of each over ten passes. Compile with -DELEMENTS=n and -mcmodel=medium. */
#include <omp.h>
#include <stdio.h>

#ifndef ELEMENTS
#define ELEMENTS 134217728
#endif
#define PASSES 10

static double a[ELEMENTS], b[ELEMENTS], c[ELEMENTS];
static double best[4] = {1e9, 1e9, 1e9, 1e9};

static void keep(int kernel, double took) {
    if (took < best[kernel]) best[kernel] = took;
}

int main(void) {
    const double arrays[4] = {2, 2, 3, 3};
#pragma omp parallel for
    for (long j = 0; j < ELEMENTS; j++) a[j] = 1, b[j] = 2, c[j] = 0;
    for (int pass = 0; pass < PASSES; pass++) {
        double start = omp_get_wtime();
#pragma omp parallel for
        for (long j = 0; j < ELEMENTS; j++) c[j] = a[j];
        keep(0, omp_get_wtime() - start);
        start = omp_get_wtime();
#pragma omp parallel for
        for (long j = 0; j < ELEMENTS; j++) b[j] = 3.0 * c[j];
        keep(1, omp_get_wtime() - start);
        start = omp_get_wtime();
#pragma omp parallel for
        for (long j = 0; j < ELEMENTS; j++) c[j] = a[j] + b[j];
        keep(2, omp_get_wtime() - start);
        start = omp_get_wtime();
#pragma omp parallel for
        for (long j = 0; j < ELEMENTS; j++) a[j] = b[j] + 3.0 * c[j];
        keep(3, omp_get_wtime() - start);
    }
    for (int kernel = 0; kernel < 4; kernel++)
        printf("%.4f ", arrays[kernel] * ELEMENTS * sizeof(double) / best[kernel] / 1e9);
    printf("\n");
    return a[ELEMENTS / 2] < 0;
}
