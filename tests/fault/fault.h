/* fault.h - the k-th allocation or system call of the library failing, on order. Linked into every fault test.
 *
 * Wrapped in the library, in LMDB and in cJSON, which are linked as archives: malloc and its kin, mmap, and what opens,
 * writes, syncs, cuts, renames and makes files; also C++'s operator new, which FAISS calls. One thread arms it; all
 * threads of the process meet it.
 *
 *   EPISODIC_TEST_THOROUGH=1   every k; otherwise beyond 100 not all, in tests that step by fault_next()
 */
#ifndef FAULT_H
#define FAULT_H

#include "place.h"

/* From now on the k-th one (1: the next) fails: an allocation where the error is ENOMEM, otherwise a system call, with
 * that error. Once, or from then on for ever. */
void fault_arm(int error, size_t k, bool for_ever);
/* No more faults; has one struck since fault_arm()? */
bool fault_disarm(void);
int fault_struck(void); /* the error that has; 0: none */
/* Does operator new count, and fail? Not at first: FAISS calls it a thousand times for an empty index. */
void fault_take_cxx(bool taken);
size_t fault_next(size_t k);
/* While true, what is called is spared and not counted. */
void fault_pause(bool paused);
unsigned fault_flushes(void); /* how often fdatasync() was called since this was asked last, by any thread */
/* Fails the test unless the status is EPI_OK, or names the fault that was armed last and struck. */
void fault_expect_named(const char *call, size_t k, epi_status status);

#endif
