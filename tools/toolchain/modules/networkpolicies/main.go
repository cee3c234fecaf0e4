// Enforces the network policies of a cluster whose nodes are all on this machine, and share its network.
//
// The work is SIG Network's (sigs.k8s.io/kube-network-policies): a packet that opens a connection of a pod that some
// policy selects waits in a netfilter queue for the controller's word. Its own command looks after one node, from a pod
// on it; this one looks after all, from beside them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/google/nftables"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// Set by the linker.
var version = "unknown"

const machine = "this-machine"

// The controller minds the pods of one node: each pod that it hears of is on that one.
func onThisMachine(object any) (any, error) {
	if pod, ok := object.(*corev1.Pod); ok {
		pod.Spec.NodeName = machine
	}
	return object, nil
}

func run(ctx context.Context, kubeconfig string, queue int, table string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(onThisMachine))
	core := factory.Core().V1()
	controller, err := networkpolicy.NewController(
		client, factory.Networking().V1().NetworkPolicies(), core.Namespaces(), core.Pods(), nil, nil, nil, nil,
		networkpolicy.Config{NodeName: machine, QueueID: queue, NFTableName: table, NRIdisabled: true},
	)
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	return controller.Run(ctx)
}

// Takes away the rules, which a controller that was killed leaves; there may be none.
func clean(name string) error {
	connection, err := nftables.New()
	if err != nil {
		return err
	}
	table := &nftables.Table{Name: name, Family: nftables.TableFamilyINet}
	connection.AddTable(table)
	connection.DelTable(table)
	return connection.Flush()
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "file that says how the API server is reached")
	queue := flag.Int("queue", 100, "number of the netfilter queue")
	table := flag.String("table", "kube-network-policies", "name of the nftables table")
	cleanup := flag.Bool("cleanup", false, "take away the rules, and end")
	asked := flag.Bool("version", false, "print the version, and end")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch {
	case *asked:
		fmt.Println(version)
	case *cleanup:
		err = clean(*table)
	default:
		err = run(ctx, *kubeconfig, *queue, *table)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "network-policies: %v\n", err)
		os.Exit(1)
	}
}
