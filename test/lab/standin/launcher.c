/* The process systemd sees as a stand-in program: it keeps the true argv as /proc/PID/cmdline and runs node as its child. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;

static void forward(int sig) {
  if (child > 0) kill(child, sig);
}

int main(int argc, char **argv) {
  char self[PATH_MAX];
  ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
  if (len < 0) {
    perror("/proc/self/exe");
    return 1;
  }
  self[len] = '\0';
  char *slash = strrchr(self, '/');
  *slash = '\0';
  char script[PATH_MAX + 64], beside[PATH_MAX + 8];
  snprintf(script, sizeof script, "%s/js/%s/main.js", self, slash + 1);
  snprintf(beside, sizeof beside, "%s/node", self);
  const char *node = access("/opt/lab/node", X_OK) == 0 ? "/opt/lab/node" : access(beside, X_OK) == 0 ? beside : "node";

  char **args = calloc((size_t)argc + 5, sizeof *args);
  if (!args) return 1;
  int n = 0;
  args[n++] = (char *)"node";
  args[n++] = (char *)"--max-semi-space-size=1";
  args[n++] = (char *)"--v8-pool-size=1";
  args[n++] = script;
  for (int i = 1; i < argc; i++) args[n++] = argv[i];

  const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
  sigset_t all, old;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &old);
  pid_t me = getpid();
  child = fork();
  if (child < 0) {
    perror("fork");
    return 1;
  }
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != me) _exit(1);
    sigprocmask(SIG_SETMASK, &old, NULL);
    execvp(node, args);
    perror(node);
    _exit(127);
  }
  struct sigaction act = {.sa_handler = forward};
  for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) sigaction(forwarded[i], &act, NULL);
  sigprocmask(SIG_SETMASK, &old, NULL);

  int status;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return 1;
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  signal(WTERMSIG(status), SIG_DFL);
  kill(me, WTERMSIG(status));
  return 128 + WTERMSIG(status);
}
