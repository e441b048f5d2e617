/* scratch.h - a folder for the memory of a fuzz target. */
#ifndef TESTS_FUZZ_SCRATCH_H
#define TESTS_FUZZ_SCRATCH_H

/** A new empty folder, in memory where there is such a place: every input commits a few times. The one before is
 *  removed, and the last one at the end of the process. Aborts where there can be none. */
const char *scratch_folder(void);

#endif
