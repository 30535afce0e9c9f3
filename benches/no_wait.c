/*
 * For compare.sh's git host, by LD_PRELOAD. Where a CGI program has closed its output but has not
 * ended yet, Apache's library sleeps for 46,875 µs before it looks again, at random for about
 * every second request: ten times what is measured. Here it looks again at once.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <sys/select.h>

int select(int count, fd_set *in, fd_set *out, fd_set *except, struct timeval *time)
{
    static int (*next)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
    if (next == NULL)
        *(void **)&next = dlsym(RTLD_NEXT, "select");
    if (count == 0 && time != NULL && time->tv_sec == 0 && time->tv_usec == 46875)
        time->tv_usec = 100;
    return next(count, in, out, except, time);
}
