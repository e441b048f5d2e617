/* imagine_parts.c - what the parts of bench_imagine share; see imagine_parts.h. */
#include "imagine_parts.h"

#include <math.h>

void imagine_emit_share(const bench_run *run, const char *metric, size_t hits, size_t n, const char *task,
                        const char *mode, const char *data, size_t seeds) {
    double z = 1.959964, p = n ? (double)hits / (double)n : 0.0, count = n ? (double)n : 1.0;
    double middle = (p + z * z / (2.0 * count)) / (1.0 + z * z / count);
    double half = z / (1.0 + z * z / count) * sqrt(p * (1.0 - p) / count + z * z / (4.0 * count * count));
    bench_emit(run, metric, 100.0 * p, "%",
               BENCH_CONFIG({"task", .text = task}, {"mode", .text = mode}, {"data", .text = data},
                            {"n", .number = (double)n}, {"seeds", .number = (double)seeds},
                            {"low", .number = 100.0 * (middle - half)}, {"high", .number = 100.0 * (middle + half)}));
}
