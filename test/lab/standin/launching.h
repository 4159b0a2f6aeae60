/* What both launchers do: find themselves, start a child that dies with them, pass signals on to it, end as it ended. */
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void forward(int sig) {
  if (child > 0) kill(child, sig);
}

static void handle(int sig, void (*handler)(int)) {
  struct sigaction act = {.sa_handler = handler};
  sigaction(sig, &act, NULL);
}

/* The path of the running program. */
static void find_self(char self[PATH_MAX]) {
  ssize_t len = readlink("/proc/self/exe", self, PATH_MAX - 1);
  if (len < 0) {
    perror("/proc/self/exe");
    exit(1);
  }
  self[len] = '\0';
}

/* Node with what keeps it small, then a script and the words in their order; room for `more` words behind. */
static char **node_words(char *script, size_t more) {
  char **args = calloc(more + 5, sizeof *args);
  if (!args) exit(1);
  args[0] = (char *)"node";
  args[1] = (char *)"--max-semi-space-size=1";
  args[2] = (char *)"--v8-pool-size=1";
  args[3] = script;
  return args;
}

/* In the parent it returns with all signals blocked and those of before in `old`; in the child it returns 1, as if nothing was blocked. */
static int fork_child(sigset_t *old) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, old);
  pid_t me = getpid();
  child = fork();
  if (child < 0) {
    perror("fork");
    exit(1);
  }
  if (child > 0) return 0;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != me) _exit(1);
  sigprocmask(SIG_SETMASK, old, NULL);
  return 1;
}

/* The exit status that tells how the child ended; where a signal ended it, this ends by the same one. */
static int end_like(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  int sig = WTERMSIG(status);
  signal(sig, SIG_DFL);
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, sig);
  sigprocmask(SIG_UNBLOCK, &one, NULL);
  kill(getpid(), sig);
  return 128 + sig;
}
