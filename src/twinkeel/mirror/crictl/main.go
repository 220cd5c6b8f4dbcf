// crictl asks a container runtime over the CRI: the commands of cri-tools that kubeadm and Kubespray use, with the same words,
// options and exit codes. It is built on the cri-api that Kubernetes' own source vendors, where cri-tools is not to be had.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"sort"
	"strings"
	"time"

	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

const (
	configFile      = "/etc/crictl.yaml"
	defaultEndpoint = "unix:///run/containerd/containerd.sock"
	defaultTimeout  = 2 * time.Second
	stopTimeout     = 30 * time.Second
	pullTimeout     = 10 * time.Minute
	maxMessage      = 16 << 20
	idLength        = 13
)

// client is one connection, and the two services of the CRI on it.
type client struct {
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
	timeout time.Duration
	set     bool // whether the user gave the timeout
}

var commands map[string]func(*client, []string) error

// init fills the table: `completion` reads it, so it cannot be filled where it is declared.
func init() {
	commands = map[string]func(*client, []string) error{
		"completion": completion,
		"exec":       execute,
		"images":     listImages,
		"info":       info,
		"inspecti":   inspectImages,
		"pods":       listPods,
		"ps":         listContainers,
		"pull":       pull,
		"rm":         removeContainers,
		"rmi":        removeImages,
		"rmp":        removePods,
		"stop":       stopContainers,
		"stopp":      stopPods,
		"version":    version,
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crictl:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	flags := flag.NewFlagSet("crictl", flag.ContinueOnError)
	endpoint, timeout := configuredEndpoint(), time.Duration(0)
	for _, name := range []string{"r", "runtime-endpoint", "i", "image-endpoint"} {
		flags.StringVar(&endpoint, name, endpoint, "the runtime's socket")
	}
	for _, name := range []string{"t", "timeout"} {
		flags.DurationVar(&timeout, name, 0, "how long to wait for the runtime")
	}
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	command, known := commands[flags.Arg(0)]
	if !known {
		return fmt.Errorf("unknown command %q", flags.Arg(0))
	}
	if flags.Arg(0) == "completion" {
		return command(nil, nil)
	}
	path := strings.TrimPrefix(endpoint, "unix://")
	connection, err := grpc.Dial(path, grpc.WithInsecure(), grpc.WithContextDialer(dial),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return err
	}
	defer connection.Close()
	c := &client{cri.NewRuntimeServiceClient(connection), cri.NewImageServiceClient(connection), timeout, timeout > 0}
	return command(c, flags.Args()[1:])
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "unix", path)
}

// configuredEndpoint is what the environment or the configuration file says: a YAML file of plain `key: value` lines.
func configuredEndpoint() string {
	if value := os.Getenv("CONTAINER_RUNTIME_ENDPOINT"); value != "" {
		return value
	}
	text, err := os.ReadFile(configFile)
	if err != nil {
		return defaultEndpoint
	}
	for _, line := range strings.Split(string(text), "\n") {
		if value := strings.TrimPrefix(line, "runtime-endpoint:"); value != line {
			return strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return defaultEndpoint
}

func (c *client) context(usual time.Duration) (context.Context, context.CancelFunc) {
	if c.set {
		usual = c.timeout
	}
	return context.WithTimeout(context.Background(), usual)
}

// parse reads options that stand before or among the arguments, as cri-tools allows.
func parse(flags *flag.FlagSet, arguments []string) ([]string, error) {
	var rest []string
	for len(arguments) > 0 {
		if err := flags.Parse(arguments); err != nil {
			return nil, err
		}
		arguments = flags.Args()
		if len(arguments) > 0 {
			rest, arguments = append(rest, arguments[0]), arguments[1:]
		}
	}
	return rest, nil
}

func newFlags(name string) *flag.FlagSet {
	return flag.NewFlagSet("crictl "+name, flag.ContinueOnError)
}

func boolean(flags *flag.FlagSet, names ...string) *bool {
	value := new(bool)
	for _, name := range names {
		flags.BoolVar(value, name, false, "")
	}
	return value
}

func text(flags *flag.FlagSet, names ...string) *string {
	value := new(string)
	for _, name := range names {
		flags.StringVar(value, name, "", "")
	}
	return value
}

// matcher is a regular expression for a name, as cri-tools reads it; nothing given matches everything.
func matcher(pattern string) (func(string) bool, error) {
	if pattern == "" {
		return func(string) bool { return true }, nil
	}
	expression, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	return expression.MatchString, nil
}

// forEach does every one of them, and tells of those that failed at the end.
func forEach(names []string, do func(string) error) error {
	var failed []string
	for _, name := range names {
		if err := do(name); err != nil {
			failed = append(failed, fmt.Sprintf("%s: %v", name, err))
		} else {
			fmt.Println(name)
		}
	}
	if failed != nil {
		return errors.New(strings.Join(failed, "; "))
	}
	return nil
}

func show(value interface{}) error {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func short(id string) string {
	if len(id) > idLength {
		return id[:idLength]
	}
	return id
}

func completion(_ *client, _ []string) error {
	names := make([]string, 0, len(commands))
	for name := range commands {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Printf("complete -W %q crictl\n", strings.Join(names, " "))
	return nil
}

func version(c *client, _ []string) error {
	ctx, cancel := c.context(defaultTimeout)
	defer cancel()
	answer, err := c.runtime.Version(ctx, &cri.VersionRequest{})
	if err != nil {
		return err
	}
	fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n",
		answer.Version, answer.RuntimeName, answer.RuntimeVersion, answer.RuntimeApiVersion)
	return nil
}

func info(c *client, _ []string) error {
	ctx, cancel := c.context(defaultTimeout)
	defer cancel()
	answer, err := c.runtime.Status(ctx, &cri.StatusRequest{Verbose: true})
	if err != nil {
		return err
	}
	all := map[string]interface{}{"status": answer.Status}
	for name, value := range answer.Info {
		if json.Valid([]byte(value)) {
			all[name] = json.RawMessage(value)
		} else {
			all[name] = value
		}
	}
	return show(all)
}

func pull(c *client, arguments []string) error {
	names, err := parse(newFlags("pull"), arguments)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return errors.New("pull takes one image")
	}
	ctx, cancel := c.context(pullTimeout)
	defer cancel()
	answer, err := c.images.PullImage(ctx, &cri.PullImageRequest{Image: &cri.ImageSpec{Image: names[0]}})
	if err != nil {
		return err
	}
	fmt.Println("Image is up to date for", answer.ImageRef)
	return nil
}

func listImages(c *client, arguments []string) error {
	flags := newFlags("images")
	verbose, quiet := boolean(flags, "v", "verbose"), boolean(flags, "q", "quiet")
	names, err := parse(flags, arguments)
	if err != nil {
		return err
	}
	ctx, cancel := c.context(defaultTimeout)
	defer cancel()
	request := &cri.ListImagesRequest{}
	if len(names) > 0 {
		request.Filter = &cri.ImageFilter{Image: &cri.ImageSpec{Image: names[0]}}
	}
	answer, err := c.images.ListImages(ctx, request)
	if err != nil {
		return err
	}
	for _, image := range answer.Images {
		switch {
		case *quiet:
			fmt.Println(image.Id)
		case *verbose:
			showImage(os.Stdout, image)
		default:
			fmt.Printf("%-60s %s %d\n", strings.Join(image.RepoTags, ","), short(strings.TrimPrefix(image.Id, "sha256:")), image.Size_)
		}
	}
	return nil
}

// showImage writes the lines that Kubespray picks out with awk.
func showImage(out io.Writer, image *cri.Image) {
	fmt.Fprintf(out, "ID: %s\n", image.Id)
	for _, tag := range image.RepoTags {
		fmt.Fprintf(out, "RepoTags: %s\n", tag)
	}
	for _, digest := range image.RepoDigests {
		fmt.Fprintf(out, "RepoDigests: %s\n", digest)
	}
	fmt.Fprintf(out, "Size: %d\n\n", image.Size_)
}

func inspectImages(c *client, arguments []string) error {
	names, err := parse(newFlags("inspecti"), arguments)
	if err != nil {
		return err
	}
	for _, name := range names {
		ctx, cancel := c.context(defaultTimeout)
		answer, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
		cancel()
		if err != nil {
			return err
		}
		if answer.Image == nil {
			return fmt.Errorf("no such image %q present", name)
		}
		if err := show(map[string]interface{}{"status": answer.Image}); err != nil {
			return err
		}
	}
	return nil
}

func removeImages(c *client, arguments []string) error {
	names, err := parse(newFlags("rmi"), arguments)
	if err != nil {
		return err
	}
	return forEach(names, func(name string) error {
		ctx, cancel := c.context(defaultTimeout)
		defer cancel()
		_, err := c.images.RemoveImage(ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: name}})
		return err
	})
}

func (c *client) pods() ([]*cri.PodSandbox, error) {
	ctx, cancel := c.context(defaultTimeout)
	defer cancel()
	answer, err := c.runtime.ListPodSandbox(ctx, &cri.ListPodSandboxRequest{})
	if err != nil {
		return nil, err
	}
	return answer.Items, nil
}

func listPods(c *client, arguments []string) error {
	flags := newFlags("pods")
	quiet, name, namespace := boolean(flags, "q", "quiet"), text(flags, "name"), text(flags, "namespace")
	state := text(flags, "s", "state")
	if _, err := parse(flags, arguments); err != nil {
		return err
	}
	nameMatches, err := matcher(*name)
	if err != nil {
		return err
	}
	namespaceMatches, err := matcher(*namespace)
	if err != nil {
		return err
	}
	pods, err := c.pods()
	if err != nil {
		return err
	}
	for _, pod := range pods {
		ready := pod.State == cri.PodSandboxState_SANDBOX_READY
		if !nameMatches(pod.Metadata.Name) || !namespaceMatches(pod.Metadata.Namespace) {
			continue
		}
		if (strings.EqualFold(*state, "ready") && !ready) || (strings.EqualFold(*state, "notready") && ready) {
			continue
		}
		if *quiet {
			fmt.Println(pod.Id)
		} else {
			fmt.Printf("%s %-9s %-20s %s\n", short(pod.Id), strings.TrimPrefix(pod.State.String(), "SANDBOX_"), pod.Metadata.Namespace, pod.Metadata.Name)
		}
	}
	return nil
}

func (c *client) stopPod(id string) error {
	ctx, cancel := c.context(stopTimeout)
	defer cancel()
	_, err := c.runtime.StopPodSandbox(ctx, &cri.StopPodSandboxRequest{PodSandboxId: id})
	return err
}

func stopPods(c *client, arguments []string) error {
	ids, err := parse(newFlags("stopp"), arguments)
	if err != nil {
		return err
	}
	return forEach(ids, func(id string) error {
		if err := c.stopPod(id); err != nil {
			return err
		}
		fmt.Print("Stopped sandbox ")
		return nil
	})
}

func removePods(c *client, arguments []string) error {
	flags := newFlags("rmp")
	all, force := boolean(flags, "a", "all"), boolean(flags, "f", "force")
	ids, err := parse(flags, arguments)
	if err != nil {
		return err
	}
	pods, err := c.pods()
	if err != nil {
		return err
	}
	ready := map[string]bool{}
	for _, pod := range pods {
		ready[pod.Id] = pod.State == cri.PodSandboxState_SANDBOX_READY
		if *all {
			ids = append(ids, pod.Id)
		}
	}
	return forEach(ids, func(id string) error {
		if ready[id] && !*force {
			return errors.New("it is running; stop it first, or use --force")
		}
		if ready[id] {
			if err := c.stopPod(id); err != nil {
				return err
			}
		}
		ctx, cancel := c.context(defaultTimeout)
		defer cancel()
		if _, err := c.runtime.RemovePodSandbox(ctx, &cri.RemovePodSandboxRequest{PodSandboxId: id}); err != nil {
			return err
		}
		fmt.Print("Removed sandbox ")
		return nil
	})
}

func (c *client) containers() ([]*cri.Container, error) {
	ctx, cancel := c.context(defaultTimeout)
	defer cancel()
	answer, err := c.runtime.ListContainers(ctx, &cri.ListContainersRequest{})
	if err != nil {
		return nil, err
	}
	return answer.Containers, nil
}

func listContainers(c *client, arguments []string) error {
	flags := newFlags("ps")
	quiet, all := boolean(flags, "q", "quiet"), boolean(flags, "a", "all")
	name, image, pod := text(flags, "name"), text(flags, "image"), text(flags, "p", "pod")
	if _, err := parse(flags, arguments); err != nil {
		return err
	}
	matches, err := matcher(*name)
	if err != nil {
		return err
	}
	containers, err := c.containers()
	if err != nil {
		return err
	}
	reference, err := c.imageReference(*image)
	if err != nil {
		return err
	}
	for _, one := range containers {
		running := one.State == cri.ContainerState_CONTAINER_RUNNING
		if (!*all && !running) || !matches(one.Metadata.Name) || !strings.HasPrefix(one.PodSandboxId, *pod) {
			continue
		}
		if *image != "" && one.Image.GetImage() != *image && one.ImageRef != reference {
			continue
		}
		if *quiet {
			fmt.Println(one.Id)
		} else {
			fmt.Printf("%s %-9s %-30s %s\n", short(one.Id), strings.TrimPrefix(one.State.String(), "CONTAINER_"), one.Metadata.Name, short(one.PodSandboxId))
		}
	}
	return nil
}

// imageReference is how containers name the image that a user named; empty when there is none.
func (c *client) imageReference(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	ctx, cancel := c.context(defaultTimeout)
	defer cancel()
	answer, err := c.images.ImageStatus(ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: name}})
	if err != nil || answer.Image == nil {
		return "", err
	}
	return answer.Image.Id, nil
}

func (c *client) stopContainer(id string, grace int64) error {
	ctx, cancel := c.context(stopTimeout + time.Duration(grace)*time.Second)
	defer cancel()
	_, err := c.runtime.StopContainer(ctx, &cri.StopContainerRequest{ContainerId: id, Timeout: grace})
	return err
}

func stopContainers(c *client, arguments []string) error {
	flags := newFlags("stop")
	var grace int64
	flags.Int64Var(&grace, "t", 0, "")
	flags.Int64Var(&grace, "timeout", 0, "")
	ids, err := parse(flags, arguments)
	if err != nil {
		return err
	}
	return forEach(ids, func(id string) error { return c.stopContainer(id, grace) })
}

func removeContainers(c *client, arguments []string) error {
	flags := newFlags("rm")
	all, force := boolean(flags, "a", "all"), boolean(flags, "f", "force")
	ids, err := parse(flags, arguments)
	if err != nil {
		return err
	}
	containers, err := c.containers()
	if err != nil {
		return err
	}
	running := map[string]bool{}
	for _, one := range containers {
		running[one.Id] = one.State == cri.ContainerState_CONTAINER_RUNNING
		if *all {
			ids = append(ids, one.Id)
		}
	}
	return forEach(ids, func(id string) error {
		if running[id] && !*force {
			return errors.New("it is running; stop it first, or use --force")
		}
		if running[id] {
			if err := c.stopContainer(id, 0); err != nil {
				return err
			}
		}
		ctx, cancel := c.context(defaultTimeout)
		defer cancel()
		_, err := c.runtime.RemoveContainer(ctx, &cri.RemoveContainerRequest{ContainerId: id})
		return err
	})
}

func execute(c *client, arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("exec takes a container and a command")
	}
	ctx, cancel := c.context(pullTimeout)
	defer cancel()
	answer, err := c.runtime.ExecSync(ctx, &cri.ExecSyncRequest{ContainerId: arguments[0], Cmd: arguments[1:]})
	if err != nil {
		return err
	}
	os.Stdout.Write(answer.Stdout)
	os.Stderr.Write(answer.Stderr)
	if answer.ExitCode != 0 {
		return fmt.Errorf("command terminated with exit code %d", answer.ExitCode)
	}
	return nil
}
