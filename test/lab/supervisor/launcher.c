/* The processes of k3s and RKE2 as systemd and ps see them: true names and command lines, with node or the kubelet as their child. */
#define _GNU_SOURCE
#include "../standin/launching.h"
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define FOLDER "/opt/supervisor"
#define NODE "/opt/node"
/* What runs in place of a visible kubelet: its words, each ended by a NUL; named by this variable. */
#define PART "LAB_KUBELET_PART"

static volatile sig_atomic_t ready;

/* Without a handler a child's end would not wake the wait. */
static void wake(int sig) { (void)sig; }

static void note_ready(int sig) {
  (void)sig;
  ready = 1;
}

/* Only the main process of a unit may say that it is ready. */
static void say_ready(void) {
  const char *place = getenv("NOTIFY_SOCKET");
  ready = 0;
  if (!place || !*place) return;
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  size_t len = strlen(place);
  if (len >= sizeof to.sun_path) return;
  memcpy(to.sun_path, place, len);
  if (*place == '@') to.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (sendto(fd, "READY=1\n", 8, 0, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
    perror("NOTIFY_SOCKET");
  close(fd);
}

static int run_node(const char *what, int argc, char **argv) {
  char **args = node_words((char *)FOLDER "/js/supervisor/main.js", (size_t)argc + 1);
  args[4] = (char *)what;
  for (int i = 1; i < argc; i++) args[i + 4] = argv[i];
  execv(NODE, args);
  perror(NODE);
  return 127;
}

static int run_part(void) {
  const char *place = getenv(PART);
  int fd = place ? open(place, O_RDONLY | O_CLOEXEC) : -1;
  struct stat info;
  if (fd < 0 || fstat(fd, &info) < 0) {
    perror(place ? place : PART);
    return 127;
  }
  size_t size = (size_t)info.st_size, got = 0;
  char *words = malloc(size + 1);
  char **args = calloc(size + 2, sizeof *args);
  if (!words || !args) return 127;
  while (got < size) {
    ssize_t some = read(fd, words + got, size - got);
    if (some <= 0) return 127;
    got += (size_t)some;
  }
  words[size] = '\0';
  int n = 0;
  for (size_t i = 0; i < size; i += strlen(words + i) + 1) args[n++] = words + i;
  if (n == 0) return 127;
  execv(args[0], args);
  perror(args[0]);
  return 127;
}

/* Hides the arguments, as both programs do: nothing is left but the program and its role, in one word. */
static void retitle(int argc, char **argv, const char *role) {
  char *from = argv[0], *to = argv[argc - 1] + strlen(argv[argc - 1]);
  char title[PATH_MAX];
  snprintf(title, sizeof title, "%s %s", argv[0], role);
  memset(from, 0, (size_t)(to - from));
  strncpy(from, title, (size_t)(to - from));
}

int main(int argc, char **argv) {
  char self[PATH_MAX];
  find_self(self);
  const char *name = strrchr(self, '/') + 1;
  if (strncmp(name, "containerd-shim", 15) == 0) {
    for (;;) pause();
  }
  const char *called = strrchr(argv[0], '/');
  called = called ? called + 1 : argv[0];
  /* Links to k3s are other programs. */
  if (strcmp(called, "crictl") == 0 || strcmp(called, "kubectl") == 0) name = called;
  const int product = strcmp(name, "k3s") == 0 || strcmp(name, "rke2") == 0;
  const int kubelet = strcmp(name, "kubelet") == 0;
  const int pod = strcmp(name, "etcd") == 0 || strcmp(name, "kube-apiserver") == 0;
  const char *role = product && argc > 1 && (strcmp(argv[1], "server") == 0 || strcmp(argv[1], "agent") == 0) ? argv[1] : NULL;
  if (!role && !kubelet && !pod) return run_node(name, argc, argv);

  if (kubelet) prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t old;
  if (fork_child(&old)) _exit(kubelet ? run_part() : run_node(name, argc, argv));
  if (role) {
    char comm[16];
    snprintf(comm, sizeof comm, strcmp(name, "k3s") == 0 ? "k3s-%s" : "rke2", role);
    prctl(PR_SET_NAME, comm);
    char *copy = strdup(role);
    retitle(argc, argv, copy);
  }
  const int forwarded[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR2};
  for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++) handle(forwarded[i], forward);
  handle(SIGUSR1, note_ready);
  handle(SIGCHLD, wake);

  /* Signals come only while waiting here, so that none is missed between a look at the flag and the wait. */
  for (;;) {
    int status;
    if (waitpid(child, &status, WNOHANG) == child) return end_like(status);
    if (ready) say_ready();
    sigsuspend(&old);
  }
}
