/* The four streams (copy, scale, add, triad) over arrays of double, as STREAM counts them:
   one line, best GB/s of each. Arguments: elements, repeats. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    long n = argc > 1 ? atol(argv[1]) : 134217728, repeats = argc > 2 ? atol(argv[2]) : 10;
    double *restrict a = malloc(n * sizeof *a), *restrict b = malloc(n * sizeof *b);
    double *restrict c = malloc(n * sizeof *c);
    if (!a || !b || !c) return 1;
    double best[4] = {1e9, 1e9, 1e9, 1e9}, arrays[4] = {2, 2, 3, 3};
#pragma omp parallel for
    for (long j = 0; j < n; j++) a[j] = 1, b[j] = 2, c[j] = 0;
    for (long r = 0; r < repeats; r++) {
        for (int kernel = 0; kernel < 4; kernel++) {
            double start = omp_get_wtime();
            switch (kernel) {
            case 0:
#pragma omp parallel for
                for (long j = 0; j < n; j++) c[j] = a[j];
                break;
            case 1:
#pragma omp parallel for
                for (long j = 0; j < n; j++) b[j] = 3.0 * c[j];
                break;
            case 2:
#pragma omp parallel for
                for (long j = 0; j < n; j++) c[j] = a[j] + b[j];
                break;
            default:
#pragma omp parallel for
                for (long j = 0; j < n; j++) a[j] = b[j] + 3.0 * c[j];
            }
            double took = omp_get_wtime() - start;
            if (took < best[kernel]) best[kernel] = took;
        }
    }
    for (int kernel = 0; kernel < 4; kernel++)
        printf("%.4f ", arrays[kernel] * n * sizeof(double) / best[kernel] / 1e9);
    printf("\n");
    return a[n / 2] < 0;
}
