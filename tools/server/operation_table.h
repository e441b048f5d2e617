/* operation_table.h - the entries of the table of operations, by the file that has them. */
#ifndef SERVER_OPERATION_TABLE_H
#define SERVER_OPERATION_TABLE_H

#include "operation.h"

/* ---- operations_memory.c ---- */
extern const operation operation_remember, operation_recall, operation_stats;

/* ---- operations_inspect.c, operations_map.c ---- */
extern const operation operation_spaces, operation_episode, operation_step, operation_map;

#endif
