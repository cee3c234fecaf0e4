// Enforces the network policies of a cluster whose nodes are all on this machine, and share its network.
//
// The work is SIG Network's (sigs.k8s.io/kube-network-policies): a packet that opens a connection waits in a netfilter
// queue for the controller's word. Its own command looks after one node, from a pod on it; this one after all of them.
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
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

// Set by the linker.
var version = "unknown"

func run(ctx context.Context, kubeconfig string, queue int, table string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	core := factory.Core().V1()
	// Which packets it is asked about is for the caller's rules to say: those of its own are for the pods of one node, and
	// there is none of this name. Without NRI it would dereference what it has not made, so it may look for that in vain.
	controller, err := networkpolicy.NewController(
		client, factory.Networking().V1().NetworkPolicies(), core.Namespaces(), core.Pods(), nil, nil, nil, nil,
		networkpolicy.Config{NodeName: "none", QueueID: queue, NFTableName: table},
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
