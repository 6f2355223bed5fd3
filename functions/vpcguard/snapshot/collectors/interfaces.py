"""Network interfaces of Lambda and of NAT instances, and those instances.

Asked for by filter, never by id: an id that is gone makes EC2 refuse the whole call, a filter just
finds nothing.
"""

from __future__ import annotations

from vpcguard.snapshot.operation import Operation
from vpcguard.snapshot.shapes import FLAG, WHOLE, texts

NETWORK_INTERFACES = Operation(
    service="ec2",
    name="DescribeNetworkInterfaces",
    shape={
        "NetworkInterfaces": [
            texts("NetworkInterfaceId VpcId SubnetId OwnerId RequesterId InterfaceType Description Status")
            | texts("AvailabilityZone PrivateIpAddress")
            | {
                "Groups": [texts("GroupId")],
                "SourceDestCheck": FLAG,
                "RequesterManaged": FLAG,
                "Attachment": texts("AttachmentId InstanceId InstanceOwnerId Status"),
                "Association": texts("PublicIp IpOwnerId"),
            }
        ]
    },
    paged=True,
    page_size=1000,
)
# no user data, no tags, no key names: only what makes an instance a NAT instance
INSTANCES = Operation(
    service="ec2",
    name="DescribeInstances",
    shape={
        "Reservations": [
            {
                "Instances": [
                    texts("InstanceId VpcId SubnetId")
                    | {
                        "State": texts("Name") | {"Code": WHOLE},
                        "SourceDestCheck": FLAG,
                        "NetworkInterfaces": [
                            texts("NetworkInterfaceId SubnetId VpcId Status") | {"SourceDestCheck": FLAG}
                        ],
                    }
                ]
            }
        ]
    },
    paged=True,
    page_size=1000,
)
ACTIONS = (NETWORK_INTERFACES.key, INSTANCES.key)

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html: "Hyperplane ENIs"
LAMBDA_INTERFACES = {"Name": "interface-type", "Values": ["lambda"]}
