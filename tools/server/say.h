/* say.h - what the server says to who runs it. */
#ifndef SERVER_SAY_H
#define SERVER_SAY_H

/** One line on stderr, behind the program's name; what a terminal would obey in it is written as an escape. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
