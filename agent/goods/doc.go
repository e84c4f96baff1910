// Package goods is the shop's list of articles: the file goods.csv, found again by what a scanner reads.
package goods
