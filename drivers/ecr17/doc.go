// Package ecr17 speaks ECR17, also called Protocollo 17: the protocol between cash registers and card terminals in Italy. It decodes what was recorded on
// such a line.
//
// Source: the public descriptions of Nexi's "Traditional POS" and of open implementations, as far as they agree.
package ecr17
