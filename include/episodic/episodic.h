/* episodic.h - all of libepisodic: episodic memory and imagination for agents.
 *
 * Five objects: a memory (a directory), spaces (hard borders inside it), episodes (being recorded), results (immutable,
 * freed once) and plain structs for everything else. Outputs come first and are NULL or zero on failure; every call
 * that can fail returns an epi_status, and epi_error_last() has one line about it.
 */
#ifndef EPISODIC_EPISODIC_H
#define EPISODIC_EPISODIC_H

#include <episodic/limits.h>
#include <episodic/status.h>
#include <episodic/time.h>
#include <episodic/memory.h>
#include <episodic/space.h>
#include <episodic/episode.h>
#include <episodic/recall.h>
#include <episodic/facts.h>
#include <episodic/imagine.h>
#include <episodic/plan.h>
#include <episodic/events.h>
#include <episodic/prospects.h>
#include <episodic/graph.h>
#include <episodic/policy.h>
#include <episodic/transfer.h>
#include <episodic/transitions.h>
#include <episodic/replay.h>
#include <episodic/projection.h>
#include <episodic/prefetch.h>
#include <episodic/version.h>

#endif
